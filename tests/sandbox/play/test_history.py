"""What a history costs, counted in one that is written by hand."""

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from sandbox.play.history import MORE_TIME, history_cost

TASK = ["WORKFLOW_TASK_SCHEDULED", "WORKFLOW_TASK_STARTED", "WORKFLOW_TASK_COMPLETED"]
EFFECT = ["ACTIVITY_TASK_SCHEDULED", "ACTIVITY_TASK_STARTED", "ACTIVITY_TASK_COMPLETED"]
WAITS = ["MARKER_RECORDED", "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES", "TIMER_STARTED"]
USUAL = ["WORKFLOW_EXECUTION_STARTED", *TASK, *WAITS, "TIMER_FIRED", *TASK, "MARKER_RECORDED", *EFFECT]


def written(names: list[str]) -> list[HistoryEvent]:
    return [HistoryEvent(event_type=EventType.Value(f"EVENT_TYPE_{name}")) for name in names]


def test_a_task_that_something_caused_prolongs_none() -> None:
    cost = history_cost(written([*USUAL, *TASK, *WAITS]))

    assert (1, 1, 0, 0) == (cost.wakeups, cost.effects, cost.further, cost.prolonged)


@pytest.mark.parametrize("behind", [TASK[2:], ["WORKFLOW_TASK_TIMED_OUT"], WAITS[:1], WAITS[:2], WAITS, EFFECT[:1]])
def test_a_task_that_nothing_caused_goes_on_with_the_one_before(behind: list[str]) -> None:
    """A slow decision's heartbeat writes what was ordered so far, and only then the task that goes on."""
    usual = [*USUAL, *TASK[:2], *behind]

    longer = history_cost(written([*usual, *TASK]))

    assert 1 == longer.prolonged
    assert history_cost(written(usual)).allowed + MORE_TIME == longer.allowed


@pytest.mark.parametrize("cause", ["ACTIVITY_TASK_COMPLETED", "WORKFLOW_EXECUTION_SIGNALED", "TIMER_FIRED"])
def test_what_came_while_a_task_was_done_causes_the_next(cause: str) -> None:
    """The server keeps it back, and writes it behind what the task ordered."""
    assert 0 == history_cost(written([*USUAL, *TASK, *WAITS, cause, *TASK])).prolonged
