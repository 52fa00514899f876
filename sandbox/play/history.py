"""What a case's history costs, counted from the history itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

START_AND_END = 5
WAKE_UP = 14  # timer, decision, effect, decision, search attributes, and the workflow tasks between them
FURTHER_EFFECT = 7  # effect, decision, and the workflow task
CHILD = 9  # what is left to do towards the customer: begun, over, and the workflow tasks that hear of it
MORE_TIME = 3  # a workflow task that only goes on with the one before it: a slow decision's heartbeat, or a time-out
_OF_THE_TASK_BEFORE = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
        # What a task orders is written behind its end, whether it is to go on or not.
        EventType.EVENT_TYPE_MARKER_RECORDED,
        EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
        EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
        EventType.EVENT_TYPE_TIMER_STARTED,
        EventType.EVENT_TYPE_TIMER_CANCELED,
    }
)
"""Behind these no workflow task is due: nothing has happened since the one before."""


@dataclass(frozen=True)
class HistoryCost:
    """Counts of one case, time-skipping events left out."""

    events: int
    wakeups: int  # timers fired, and the start when it acts at once
    effects: int  # activities
    further: int  # effects beyond the first one of their wake-up
    bytes: int
    children: int = 0  # workflows that it began
    prolonged: int = 0  # workflow tasks that took more time than one has, as on a machine that has none

    @property
    def allowed(self) -> int:
        """The most events that a case nobody interrupts may have: 5 + 14 per wake-up + 7 per further effect + 9 per
        workflow that it begins, and 3 for each time that a workflow task took longer than one may."""
        usual = START_AND_END + WAKE_UP * self.wakeups + FURTHER_EFFECT * self.further + CHILD * self.children
        return usual + MORE_TIME * self.prolonged


def history_cost(events: Iterable[HistoryEvent]) -> HistoryCost:
    """Counts. `events` come without those that only time skipping writes (sandbox/play/stage.py)."""
    listed = list(events)
    wakeups = effects = further = children = prolonged = 0
    acted: bool | None = None  # whether the present wake-up had its first effect; None: the case has not woken yet
    for before, event in zip([None, *listed], listed, strict=False):
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
                prolonged += before is not None and before.event_type in _OF_THE_TASK_BEFORE
            case EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
                children += 1
            case EventType.EVENT_TYPE_TIMER_FIRED:
                wakeups, acted = wakeups + 1, False
            case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                if acted is None:
                    wakeups += 1
                further += bool(acted)
                effects, acted = effects + 1, True
    size = sum(event.ByteSize() for event in listed)
    return HistoryCost(len(listed), wakeups, effects, further, size, children, prolonged)
