"""How a case hears: signals and orders by name, whatever they bring, and what the record gets of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from temporalio import workflow

from domain import apply
from domain.base import Message
from domain.case import Case
from domain.record import Entry
from workflows.messages import FACTS, ORDERS, parse

_LONGEST_WHY = 200


class Heard(NamedTuple):
    """What hearing something made of a case. `note` is for the ledger; None when nothing was new."""

    case: Case
    note: Entry | None


def hear(case: Case, name: str, payloads: Sequence[Any], now: datetime) -> Heard:
    """Takes in a signal. One that cannot be read or carried out is recorded and changes nothing else."""
    try:
        data = _decoded(payloads)
        if name in FACTS:
            return _learn(case, name, data, now)
        if name in ORDERS:
            order = parse(ORDERS[name][0], data)
            if refusal := refused(case, name, order, now):
                raise ValueError(refusal)
            return carry_out(case, name, order, now)
        raise ValueError(f"there is no such signal; known are {', '.join([*FACTS, *ORDERS])}")
    except (ValueError, TypeError) as error:
        why = f"signal {name[:40]} not carried out: {_bounded(error)}"
        return Heard(apply.note(case, now, why), Entry(at=now, step="signal", what="malformed", why=why))


def refused(case: Case, name: str, order: Message, now: datetime) -> str | None:
    """Why an order cannot be carried out now, or None when it can."""
    _, refuse, _ = ORDERS[name]
    return refuse(case, order, now)


def carry_out(case: Case, name: str, order: Message, now: datetime) -> Heard:
    """Carries out an order that was not refused."""
    _, _, take = ORDERS[name]
    return _recorded(take(case, order, now), "order", name, now)


def _learn(case: Case, name: str, data: Any, now: datetime) -> Heard:
    model, take = FACTS[name]
    fact = parse(model, data)
    event_id: str = fact.event_id  # type: ignore[attr-defined]
    fresh = apply.once(case, event_id)
    if fresh is None:
        return Heard(case, None)
    return _recorded(take(fresh, fact, now), event_id, name, now)


def _recorded(after: Case, step: str, name: str, now: datetime) -> Heard:
    """The note says what the journal says of it: facts and orders are part of the evidence."""
    _, _, said = after.journal[-1].partition(f"{now:%H:%M} ")
    return Heard(after, Entry(at=now, step=step, what=name, why=said))


def _decoded(payloads: Sequence[Any]) -> Any:
    """The signal's JSON, or None when it has no payload. Raises ValueError."""
    if len(payloads) > 1:
        raise ValueError(f"it has {len(payloads)} payloads, one is expected")
    try:
        return workflow.payload_converter().from_payload(payloads[0].payload) if payloads else None
    except Exception:
        # Whatever a converter raises for bytes that it cannot read.
        raise ValueError("the payload is not JSON") from None


def _bounded(error: Exception) -> str:
    """An error in one bounded line, without the input, which may hold anything."""
    if isinstance(error, ValidationError):
        return "; ".join(_problem(each) for each in error.errors(include_url=False))[:_LONGEST_WHY]
    return str(error)[:_LONGEST_WHY]


def _problem(error: ErrorDetails) -> str:
    # Two ways in which the input comes back: the name of a field that is too many, and a validator that quotes.
    place = error["loc"][:-1] if error["type"] == "extra_forbidden" else error["loc"]
    return f"{'.'.join(map(str, place)) or 'it'}: {error['msg'].replace(repr(error['input']), 'it')}"
