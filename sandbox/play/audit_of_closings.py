"""What is said and withdrawn once a case is over, and what the other audits look at without it: they are about what a
case says and does while it goes on."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from sandbox.play.evidence import CLOSING, Evidence, closing_of, entry_about, invoice_of
from sandbox.providers.journal import LogEntry

CLOSINGS = {
    "thanked_too_early": "nobody is thanked for an invoice that is not paid",
    "ends_told_twice": "of one invoice the same end is told once",
    "notices_left": "no notice asks for the money of a case that is over",
}
"""Every count of this file, and the promise behind it."""

_PAID = frozenset({"invoice.paid", "invoice.paid_out_of_band"})


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
    for entry in evidence.journal:
        if entry.kind in _PAID:
            paid.add(entry_about(entry))
        closed = closing_of(entry)
        if closed is None:
            continue
        invoice = invoice_of(entry.key)
        if closed == "paid" and invoice not in paid:
            yield "thanked_too_early", f"{entry.key} was sent, and {invoice} was not paid"
        if (invoice, closed) in told:
            yield "ends_told_twice", f"{entry.key} was sent again"
        told.add((invoice, closed))
    over = {invoice for invoice, history in evidence.histories.items() if history.outcome}
    for notice in notices_left(evidence.journal, over):
        yield "notices_left", f"{notice} stands, and its case is over"


def notices_left(journal: Sequence[LogEntry], over: Collection[str]) -> Iterable[str]:
    """The keys of the notices that ask for the money of these invoices, and stand."""
    gone = {str(entry.data["notice"]) for entry in journal if entry.kind == "notice.withdrawn"}
    shown = (e for e in journal if e.kind == "notice.created" and closing_of(e) is None and invoice_of(e.key) in over)
    return [str(entry.key) for entry in shown if entry.key not in gone]
