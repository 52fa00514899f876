"""How a case begins."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.case import Case, Facts, PolicyRef
from domain.changes import declined, disputed, invoice_is, shown
from domain.declines import Decline
from domain.invoice import InvoiceNow
from domain.record import Entry
from domain.retries import RetryOwner

OPENING = "opening"
"""Where the first entry of a case comes from."""

_NEWS = timedelta(days=4)
"""Providers repeat an undelivered event for three days: a failure up to here is news that came late."""


def late(failed_at: datetime, day_zero: datetime) -> str:
    """What to say of a timeline that does not begin at the failure; "" when it does."""
    if day_zero <= failed_at:
        return ""
    return (
        f"the payment failed {(day_zero - failed_at).days} days ago, on {failed_at:%Y-%m-%d}: day 0 is today, because "
        f"a failure older than {_NEWS.days} days is no news"
    )


def day_zero(failed_at: datetime, now: datetime) -> datetime:
    """When the case's timeline begins: at the failed payment, unless that is so old that its dates are history.

    What a short delay made late is left to the policy's catch-up rule.
    """
    return failed_at if now - failed_at <= _NEWS else now


def begins(invoice: InvoiceNow, failed_at: datetime, now: datetime) -> datetime:
    """Day 0 of an invoice's case: of one that was sent its due date, which may lie ahead."""
    return day_zero(invoice.due_at if invoice.sent and invoice.due_at else failed_at, now)


def open_case(
    facts: Facts,
    policy: PolicyRef,
    decline: Decline | None,
    read: InvoiceNow | None = None,
    disputes: Iterable[str] = (),
    now: datetime | None = None,
    retry_owner: RetryOwner = RetryOwner.OURS,
) -> Case:
    """The case as it starts. `decline` is the answer to the failed payment, None when there was none; `read` is the
    invoice at this moment, which is `now` where day 0 lies ahead; `disputes` are the customer's open ones, for which it
    stands still from the beginning.

    Its first entry is shown; whoever opens the case writes it to the ledger.
    """
    before = read.paid if read else None
    case = Case(facts=facts, policy=policy, retry_owner=retry_owner, due=facts.amount, paid=before)
    at = min(facts.opened_at, now) if now else facts.opened_at
    why = f"{facts.amount} due by policy {policy}"
    case = shown(case, Entry(at=at, step=OPENING, what="case opened", why=why))
    case = declined(case, decline, at) if decline else case
    for dispute_id in disputes:
        case = disputed(case, dispute_id, at, OPENING)
    return invoice_is(case, read, at, OPENING) if read else case
