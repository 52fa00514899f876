"""What the server's history says of a case: its effects and orders with their virtual times, and what it cost."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from domain.ids import workflow_id
from sandbox.machine.patience import patiently

# Events that only skipping writes: they are not part of what a case costs.
_SKIPPING = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
    }
)


@dataclass(frozen=True)
class Effect:
    """One activity of a case. Times are the case's own."""

    number: int  # the event's number: effects and orders of one case compare by it
    activity: str
    step: str
    began: datetime
    handed_out: datetime | None = None  # its last try
    ended: datetime | None = None
    channel: str | None = None
    stage: str | None = None
    attempt: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)  # what a message says
    said_with: str | None = None  # the invoice whose message has said it


@dataclass(frozen=True)
class OrderGiven:
    """An operator's order that the case accepted."""

    number: int
    name: str
    at: datetime


@dataclass(frozen=True)
class CaseHistory:
    """One case by its history."""

    invoice: str
    events: int  # without those that only time skipping writes
    wakeups: int  # timers that rang
    effects: tuple[Effect, ...]
    orders: tuple[OrderGiven, ...] = ()
    outcome: str | None = None  # None: it is still open
    closed_at: datetime | None = None
    ended_before: tuple[str, ...] = ()  # as what, each time until a late payment took it up again

    @property
    def ends(self) -> list[str]:
        """All its ends so far, in their order."""
        return [*self.ended_before, *([self.outcome] if self.outcome else ())]


async def read_history(client: Client, invoice: str) -> CaseHistory:
    """Reads an invoice's case; one that a late payment took up again has several runs."""
    newest = client.get_workflow_handle(workflow_id(invoice))
    history = await patiently(newest.fetch_history, "reading a history")
    read = history_of(invoice, history.events)
    for run in await patiently(lambda: _earlier_runs(client, invoice, history.run_id), "looking for earlier runs"):
        earlier = await patiently(client.get_workflow_handle(workflow_id(invoice), run_id=run).fetch_history, "reading")
        read = _joined(history_of(invoice, earlier.events), read)
    return read


async def _earlier_runs(client: Client, invoice: str, newest: str) -> list[str]:
    """The newest one first."""
    found = [run async for run in client.list_workflows(f"WorkflowId = '{workflow_id(invoice)}'")]
    found.sort(key=lambda run: run.start_time, reverse=True)
    return [run.run_id for run in found if run.run_id != newest]


def _joined(first: CaseHistory, then: CaseHistory) -> CaseHistory:
    """Two runs as one: the numbers of the second go on where those of the first end. It has the machine's time, since
    it never waits: the end is that of the first."""
    shift = max([0, *(one.number for one in first.effects), *(one.number for one in first.orders)])
    return replace(
        then,
        closed_at=first.closed_at,
        ended_before=(*first.ended_before, *([first.outcome] if first.outcome else ()), *then.ended_before),
        events=first.events + then.events,
        wakeups=first.wakeups + then.wakeups,
        effects=(*first.effects, *(replace(one, number=one.number + shift) for one in then.effects)),
        orders=(*first.orders, *(replace(one, number=one.number + shift) for one in then.orders)),
    )


def history_of(invoice: str, events: Sequence[HistoryEvent]) -> CaseHistory:
    ends = {
        event.activity_task_completed_event_attributes.scheduled_event_id: event
        for event in events
        if event.HasField("activity_task_completed_event_attributes")
    }
    tries = {
        event.activity_task_started_event_attributes.scheduled_event_id: _time(event.event_time)
        for event in events
        if event.HasField("activity_task_started_event_attributes")
    }
    last = events[-1]
    result: dict[str, Any] = {}
    if last.HasField("workflow_execution_completed_event_attributes"):
        result = _first(last.workflow_execution_completed_event_attributes.result)
    return CaseHistory(
        invoice=invoice,
        events=sum(event.event_type not in _SKIPPING for event in events),
        wakeups=sum(event.event_type == EventType.EVENT_TYPE_TIMER_FIRED for event in events),
        effects=tuple(
            _effect(event, ends.get(event.event_id), tries.get(event.event_id))
            for event in events
            if event.HasField("activity_task_scheduled_event_attributes")
        ),
        orders=tuple(
            OrderGiven(
                event.event_id,
                event.workflow_execution_update_accepted_event_attributes.accepted_request.input.name,
                _time(event.event_time),
            )
            for event in events
            if event.HasField("workflow_execution_update_accepted_event_attributes")
        ),
        outcome=result.get("outcome"),
        closed_at=_time(last.event_time) if result else None,
    )


def _effect(event: HistoryEvent, ended: HistoryEvent | None, handed_out: datetime | None) -> Effect:
    scheduled = event.activity_task_scheduled_event_attributes
    order = _first(scheduled.input)
    answer = _first(ended.activity_task_completed_event_attributes.result) if ended else {}
    facts = order.get("facts") or {}
    return Effect(
        number=event.event_id,
        activity=scheduled.activity_type.name,
        step=order.get("step", ""),
        began=_time(event.event_time),
        # The last try of one that never ended did nothing: what was done, an earlier one did.
        handed_out=handed_out if ended else None,
        ended=_time(ended.event_time) if ended else None,
        channel=order.get("channel"),
        stage=facts.get("stage"),
        attempt=order.get("attempt"),
        facts=facts,
        said_with=answer.get("said_with"),
    )


def _first(payloads: Payloads) -> dict[str, Any]:
    found = json.loads(payloads.payloads[0].data) if payloads.payloads else {}
    return found if isinstance(found, dict) else {}


def _time(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)


def moment_of(history: CaseHistory, attempt: int) -> datetime | None:
    """When a charge attempt was made: the last time that its number was used, since before a rule put it off."""
    return next((e.began for e in reversed(history.effects) if e.attempt == attempt), None)
