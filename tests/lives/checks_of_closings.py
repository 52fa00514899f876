"""What is said, and what stands, once a case is over: counted from what the stand-ins saw."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sandbox.play.audit_of_closings import notices_left
from sandbox.play.evidence import closing_of, invoice_of
from sandbox.providers.journal import LogEntry
from tests.lives.lived import Lived

_PAID = ("invoice.paid", "invoice.paid_out_of_band")
_A_DAY = timedelta(hours=24)


def closings_hold(lived: Lived) -> Iterator[str]:
    """j. Nobody is thanked for an invoice that is owed, or told of two ends within a day, and no notice asks for money
    when its case is over."""
    told: dict[str, datetime] = {}
    for place, entry in enumerate(lived.world.log):
        closed = closing_of(entry)
        if closed is None:
            continue
        yield from _owed(lived, entry, place) if closed == "paid" else ()
        customer = lived.cases[f"dunning-{invoice_of(entry.key)}"].case.facts.customer_id
        if customer in told and entry.at - told[customer] < _A_DAY:
            yield f"{entry.key} at {entry.at:%m-%d %H:%M}, and another end was told at {told[customer]:%m-%d %H:%M}"
        told[customer] = entry.at
    over = {held.case.facts.invoice_id for held in lived.cases.values() if held.closed_at}
    for notice in notices_left(lived.world.log, over):
        yield f"{notice} stands, and its case is over"


def _owed(lived: Lived, entry: LogEntry, place: int) -> Iterator[str]:
    row = lived.ledger.contact_of(entry.key or "")
    before = lived.world.log[:place]
    for invoice in (invoice_of(entry.key), *(row.names if row else ())):
        if not any(one.kind in _PAID and one.subjects.get("invoice") == invoice for one in before):
            yield f"{entry.key} thanks for {invoice}, which was not paid by {entry.at:%m-%d %H:%M}"
