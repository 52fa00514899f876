"""Events as the merchant's systems get them: made of what was written into the ledger, and of nothing else."""

import json
from datetime import UTC, datetime
from typing import Any

from domain.base import Frozen, Message
from domain.case import ChargeOutcome
from domain.declines import Decline
from domain.events import ContactResult
from domain.money import Money
from domain.outgoing import (
    ChargeDeclined,
    ChargeProcessing,
    ChargeSucceeded,
    ContactBounced,
    ContactDelivered,
    ContactObjected,
    ContactRead,
    Outgoing,
)
from domain.record import Entry
from domain.steps import AttemptKind, Channel


class CaseRef(Message):
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
        case ContactResult.READ:
            return ContactRead(**about)
        case ContactResult.OPTED_OUT | ContactResult.COMPLAINED:
            return ContactObjected(**about, result=result.value)
        case ContactResult.BOUNCED | ContactResult.INVALID_ADDRESS | ContactResult.UNDELIVERED:
            return ContactBounced(**about, result=result.value)
