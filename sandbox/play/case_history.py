"""What the server's history says of a case: its effects and orders with their virtual times, and what it cost."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
    ended: datetime | None = None
    channel: str | None = None
    stage: str | None = None
    attempt: int | None = None


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


async def read_history(client: Client, invoice: str) -> CaseHistory:
    """Reads the newest run of an invoice's case."""
    handle = client.get_workflow_handle(workflow_id(invoice))
    history = await patiently(handle.fetch_history, "reading a history")
    return history_of(invoice, history.events)


def history_of(invoice: str, events: Sequence[HistoryEvent]) -> CaseHistory:
    ends = {
        event.activity_task_completed_event_attributes.scheduled_event_id: _time(event.event_time)
        for event in events
        if event.HasField("activity_task_completed_event_attributes")
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
            _effect(event, ends.get(event.event_id))
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


def _effect(event: HistoryEvent, ended: datetime | None) -> Effect:
    scheduled = event.activity_task_scheduled_event_attributes
    order = _first(scheduled.input)
    return Effect(
        number=event.event_id,
        activity=scheduled.activity_type.name,
        step=order.get("step", ""),
        began=_time(event.event_time),
        ended=ended,
        channel=order.get("channel"),
        stage=(order.get("facts") or {}).get("stage"),
        attempt=order.get("attempt"),
    )


def _first(payloads: Payloads) -> dict[str, Any]:
    found = json.loads(payloads.payloads[0].data) if payloads.payloads else {}
    return found if isinstance(found, dict) else {}


def _time(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)


def moment_of(history: CaseHistory, attempt: int) -> datetime | None:
    """When a charge attempt was made: the last time that its number was used, since before a rule put it off."""
    return next((e.began for e in reversed(history.effects) if e.attempt == attempt), None)


def span(effect: Effect) -> tuple[datetime, datetime]:
    """The first and the last moment at which the effect can have happened."""
    return effect.began, max(effect.began, effect.ended or effect.began + timedelta(0))
