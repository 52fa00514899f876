"""Events as the merchant's systems get them: made of what was written into the ledger, and of nothing else."""

import json
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, create_model

from domain.base import Frozen
from domain.case import ChargeOutcome, HoldReason, Outcome
from domain.declines import Decline
from domain.events import ContactResult
from domain.money import Money
from domain.outgoing import (
    TYPES,
    CaseClosed,
    CaseHeld,
    ChargeDeclined,
    ChargeProcessing,
    ChargeSucceeded,
    ContactBounced,
    ContactDelivered,
    ContactObjected,
    Fact,
    Outgoing,
)
from domain.record import Entry
from domain.steps import AttemptKind, Channel


class CaseRef(Frozen):
    """Whose event it is: this never changes while the case lives."""

    invoice: str
    customer: str
    subscription: str | None
    policy: str  # "standard@1"


class Event(Frozen):
    """What the outbox keeps. What names the case is added when the event is sent."""

    type: str
    at: datetime  # UTC, the case's own time
    data: dict[str, Any]  # JSON


def event_of(entry: Entry, remaining: Money | None = None) -> Event | None:
    """What the merchant's systems are told of an entry of the record; None: nothing.

    remaining: what is still due by the decision that the entry belongs to.
    """
    fact = entry.event
    if fact is None:
        return None
    data = fact.model_dump(mode="json", exclude={"type"}) | {
        "source": entry.step,
        "rule": entry.rule,
        "remaining": remaining.model_dump(mode="json") if remaining else None,
    }
    if fact.says_why:
        data["why"] = entry.why
    return Event(type=fact.type, at=entry.at, data=data)


def body(event: Event, case: CaseRef) -> str:
    """The JSON that is sent, in the form of Standard Webhooks."""
    moment = event.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    data = {"case": case.model_dump(mode="json"), **event.data}
    return json.dumps({"type": event.type, "timestamp": moment, "data": data}, separators=(",", ":"))


def charged(
    outcome: ChargeOutcome, attempt: int, kind: AttemptKind, amount: Money, decline: Decline | None
) -> Outgoing | None:
    """What is told of a charge of ours; nothing of one that was not made."""
    about: dict[str, Any] = {"attempt": attempt, "kind": kind, "amount": amount}
    match outcome:
        case ChargeOutcome.PAID:
            return ChargeSucceeded(**about)
        case ChargeOutcome.PROCESSING:
            return ChargeProcessing(**about)
        case ChargeOutcome.DECLINED:
            answer = {"code": decline.code, "decline_class": decline.decline_class} if decline else {}
            return ChargeDeclined(**about, **answer)
    return None


def delivery(result: ContactResult, channel: Channel, stage: str) -> Outgoing:
    """What is told of a provider's report about a message."""
    about: dict[str, Any] = {"channel": channel, "stage": stage}
    match result:
        case ContactResult.DELIVERED:
            return ContactDelivered(**about)
        case ContactResult.OPTED_OUT | ContactResult.COMPLAINED:
            return ContactObjected(**about, result=result.value)
        case ContactResult.BOUNCED | ContactResult.INVALID_ADDRESS | ContactResult.UNDELIVERED:
            return ContactBounced(**about, result=result.value)


# What a fact keeps as a word, because the case's module stands above it.
_WORDS: dict[type[Fact], dict[str, Any]] = {
    CaseClosed: {"outcome": (Outcome, ...)},
    CaseHeld: {"reason": (HoldReason, ...)},
}


class _Data(Frozen):
    case: CaseRef
    source: str  # the step's key, or what it came from: an event's id, "order", "hold", "end"
    rule: str | None  # the rule that caused it, with its edition
    remaining: Money | None  # what is still due, where a decision says it


def _payload(fact: type[Fact]) -> type[BaseModel]:
    words = _WORDS.get(fact, {})
    fields: dict[str, Any] = {
        field: words.get(field, (info.annotation, ...)) for field, info in fact.model_fields.items() if field != "type"
    }
    if fact.says_why:
        fields["why"] = (str, ...)
    title = fact.__name__
    data = create_model(f"{title}Data", __base__=_Data, **fields)
    kind: Any = fact.model_fields["type"].annotation
    return create_model(
        title, __base__=Frozen, __doc__=fact.__doc__, type=(kind, ...), timestamp=(datetime, ...), data=(data, ...)
    )


PAYLOADS: dict[str, type[BaseModel]] = {name: _payload(fact) for name, fact in TYPES.items()}
"""The shape of what is sent, by the event's type. For merchants and tests: what was kept is sent as it is."""
