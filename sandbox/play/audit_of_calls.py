"""The audit of calls, by people or not: what was heard and said on the telephone, and what followed from it.

Their hours, caps, pauses and closed numbers are counted with those of messages (`audit.py`, `audit_of_law.py`).
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from domain.call_hours import WEEK, CallTime, read
from sandbox.play.evidence import Evidence, Subject, is_ours, made_at, moment_in
from sandbox.providers.journal import CHARGES, CONTACTS, Json, LogEntry

CALLS: Mapping[str, str] = {
    "promises_unkept": "until the day that a customer promised by telephone is over, nobody charges or reminds them",
    "debts_told": "neither a stranger nor a machine that answers hears of a debt",
    "wrong_dials": "a call goes to the number that the customer has now",
    "calls_unwished": "nobody is called outside the hours that they have stated",
    "calls_untold": "the merchant's endpoint is told of each call that a person is to make, and once how each ended",
}
"""Every count of this file, and the promise behind it."""

_DEBT = re.compile(
    r"\b(invoice|unpaid|due|pay|payment|debt|owe|Rechnung|Zahlung|Schuld|Forderung|facture|impay|paiement|dette|factura|pago|fatura|pagamento)"
    r"|\d[.,]\d\d\b|請求|支払|ชำระ|หนี้",
    re.IGNORECASE,
)

Broken = Iterator[tuple[str, str]]


def of_calls(evidence: Evidence, subject: Subject, journal: Sequence[LogEntry]) -> Broken:
    """What was broken to one customer. `journal` is that customer's."""
    yield from _promises(evidence, subject, journal)
    made = [entry for entry in journal if entry.kind == "phone.called"]
    yield from _unwished(evidence, subject, journal)
    for entry in made:
        told = debt_in(entry.data["text"]) if entry.data["stranger"] else ""
        if told:
            yield "debts_told", f"{entry.key}: somebody else heard “{told}”"
        if entry.data["to"] != entry.data["number"]:
            yield "wrong_dials", f"{entry.key} went to {entry.data['to']}, and the customer has {entry.data['number']}"
    if evidence.told is not None and subject.invoice in evidence.histories:
        for sentence in _untold(evidence, subject, made):
            yield "calls_untold", sentence


def debt_in(text: str) -> str:
    """The first words that speak of a debt; empty: none do."""
    found = _DEBT.search(text)
    return found.group() if found else ""


def _unwished(evidence: Evidence, subject: Subject, journal: Sequence[LogEntry]) -> Broken:
    zone = ZoneInfo(subject.time_zone)
    hours: tuple[CallTime, ...] = ()
    for entry in journal:
        if entry.kind == "states_call_hours":
            hours = read(entry.data["words"])
        elif hours and entry.kind == "phone.called" and (at := moment_in(evidence, entry)):
            here = at.astimezone(zone)
            clock, day = f"{here:%H:%M}", WEEK[here.weekday()]
            if not any(day in each.days and each.start <= clock < each.end for each in hours):
                yield "calls_unwished", f"{entry.key} was made on {day} at {clock}, and they want to be called else"


def _promises(evidence: Evidence, subject: Subject, journal: Sequence[LogEntry]) -> Broken:
    zone, until = ZoneInfo(subject.time_zone), None
    for entry in journal:
        if entry.kind == "phone.called":
            until = date.fromisoformat(entry.data["promised"]) if entry.data["promised"] else until
        elif until and entry.kind in CHARGES | CONTACTS and is_ours(entry):
            moments = made_at(evidence, entry) if entry.kind in CONTACTS else (moment_in(evidence, entry),)
            at = moments[0] if moments else None
            if at and at.astimezone(zone).date() <= until:
                yield "promises_unkept", f"{entry.key} ({entry.kind}) came before the promised {until} was over"


def _untold(evidence: Evidence, subject: Subject, made: Sequence[LogEntry]) -> Iterator[str]:
    events: list[Json] = list({one.message_id: one.event for one in evidence.told or ()}.values())
    mine = [event for event in events if event["data"].get("case", {}).get("invoice") == subject.invoice]
    due = Counter(event["data"]["source"] for event in mine if event["type"] == "call.due")
    done = [event["data"] for event in mine if event["type"] == "call.done"]
    over = Counter(data["source"] for data in done)
    # Nobody has to do anything about a call that no person makes.
    alone = {f"{entry.key}::".split(":")[2] for entry in made if entry.data.get("automatic")}
    for step in sorted({*due, *over}):
        if due[step] != 1 and (step not in alone or due[step]):
            yield f"that the call of {step} is due was told {due[step]} times"
        if over[step] != 1 and evidence.histories[subject.invoice].outcome:
            yield f"how the call of {step} ended was told {over[step]} times"
    results = {(data["source"], data["result"]) for data in done}
    for entry in made:
        step, result = f"{entry.key}::".split(":")[2], entry.data["result"]
        if step not in due and step not in alone:
            yield f"nobody was told that the call of {step} is due"
        if result != "call_back" and (step, result) not in results:
            yield f"nobody was told that {entry.key} ended as {result}"
