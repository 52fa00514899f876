"""What is said and withdrawn once a case is over, and what the other audits look at without it: they are about what a
case says and does while it goes on."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.play.evidence import CLOSING, Evidence, closing_of, entry_about, invoice_of, made_at
from sandbox.play.hearing import follow, heard
from sandbox.providers.journal import CHANNELS, LogEntry

CLOSINGS = {
    "thanked_too_early": "nobody is thanked for an invoice that is not paid",
    "cancelled_too_early": "nobody is told that an invoice is cancelled which is neither void nor credited",
    "ends_told_twice": "of one invoice the same end is told once",
    "ends_told_apart": "invoices of one customer that end alike within minutes are told of in one message",
    "notices_left": "no notice asks for the money of a case that is over",
    "closings_late": "how a case ended is told within two days, or not at all",
    "closings_untold": "the merchant's endpoint is told of each message about the end",
}
"""Every count of this file, and the promise behind it."""

_WORTH_IT = timedelta(days=2)
_WITH_ONE_JITTER = timedelta(minutes=10)  # of the policies that the demo uses
_PAID = frozenset({"invoice.paid", "invoice.paid_out_of_band"})
_CANCELLED = frozenset({"invoice.voided", "invoice.credited"})


def without_closings(evidence: Evidence) -> Evidence:
    """What happened while cases went on."""
    told = evidence.told
    if told is not None:
        told = [one for one in told if not str(one.event["data"].get("source", "")).startswith(CLOSING)]
    journal = [entry for entry in evidence.journal if closing_of(entry) is None]
    return replace(evidence, journal=journal, told=told)


def of_closings(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Promise and sentence of whatever was broken."""
    told: set[tuple[str, str]] = set()
    paid: set[str] = set()
    cancelled: set[str] = set()
    for entry in evidence.journal:
        if entry.kind in _PAID:
            paid.add(entry_about(entry))
        if entry.kind in _CANCELLED:
            cancelled.add(entry_about(entry))
        closed = closing_of(entry)
        if closed is None:
            continue
        invoice = invoice_of(entry.key)
        if closed == "paid" and invoice not in paid:
            yield "thanked_too_early", f"{entry.key} was sent, and {invoice} was not paid"
        if closed == "cancelled" and invoice not in cancelled:
            yield "cancelled_too_early", f"{entry.key} was sent, and {invoice} was owed"
        if (invoice, closed) in told:
            yield "ends_told_twice", f"{entry.key} was sent again"
        told.add((invoice, closed))
    yield from _by_itself(evidence)
    yield from _apart(evidence)
    over = {invoice for invoice, history in evidence.histories.items() if history.outcome}
    for notice in notices_left(evidence.journal, over):
        yield "notices_left", f"{notice} stands, and its case is over"


def _by_itself(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Each closing message as a message: its hour, its words, its channel; and that it was told of."""
    whose = {subject.invoice: subject for subject in evidence.subjects}
    closed: dict[str, set[str]] = defaultdict(set)
    events = [one.event for one in evidence.told or () if one.event["type"] == "contact.sent"]
    told = {(event["data"]["case"]["invoice"], event["data"]["source"]) for event in events}
    for entry in evidence.journal:
        follow(closed[entry.subjects.get("customer", "")], entry)
        subject = whose.get(invoice_of(entry.key)) if closing_of(entry) else None
        if subject is None:
            continue
        yield from heard(evidence, subject, entry)
        if CHANNELS[entry.kind] in closed[subject.customer]:
            yield "contacts_after_opt_out", f"{entry.key} was sent after the customer opted out"
        if evidence.told is not None and (subject.invoice, f"{entry.key}::".split(":")[2]) not in told:
            yield "closings_untold", f"nobody was told of {entry.key}"
        end, at = evidence.histories[subject.invoice].closed_at, made_at(evidence, entry)
        if end and at and at[0] - end > _WORTH_IT:
            yield "closings_late", f"{entry.key} came {(at[0] - end).days} days after the end"


def _apart(evidence: Evidence) -> Iterator[tuple[str, str]]:
    whose = {subject.invoice: subject.customer for subject in evidence.subjects}
    told: dict[tuple[str, str | None], list[tuple[datetime, LogEntry]]] = defaultdict(list)
    for entry in evidence.journal:
        history = evidence.histories.get(invoice_of(entry.key)) if closing_of(entry) else None
        if history is None or history.closed_at is None:
            continue
        alike = told[whose.get(history.invoice, ""), closing_of(entry)]
        for end, earlier in alike:
            if invoice_of(earlier.key) != history.invoice and abs(history.closed_at - end) <= _WITH_ONE_JITTER:
                yield "ends_told_apart", f"{entry.key} was sent beside {earlier.key}"
        alike.append((history.closed_at, entry))


def notices_left(journal: Sequence[LogEntry], over: Collection[str]) -> Iterable[str]:
    """The keys of the notices that ask for the money of these invoices, and stand."""
    gone = {str(entry.data["notice"]) for entry in journal if entry.kind == "notice.withdrawn"}
    shown = (e for e in journal if e.kind == "notice.created" and closing_of(e) is None and invoice_of(e.key) in over)
    return [str(entry.key) for entry in shown if entry.key not in gone]
