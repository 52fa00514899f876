"""What has come in for an invoice, whoever tells of it and how often."""

from datetime import datetime
from typing import TYPE_CHECKING

from domain import outgoing
from domain.events import PaymentReceived
from domain.money import Money
from domain.record import Entry, new_entry

if TYPE_CHECKING:
    from domain.case import Case


def came_in(case: "Case", paid: Money | None) -> tuple["Case", Money | None]:
    """The case that knows what has come in by the provider's account, and how much of it is news; None: nothing is.

    Several facts tell of one payment, in any order, and what was paid elsewhere comes back in the provider's account.
    """
    if paid is None or paid.currency != case.due.currency or (case.paid and paid <= case.paid):
        return case, None
    return case.but(paid=paid), paid - case.paid if case.paid else None


def was_told(case: "Case", fact: PaymentReceived) -> tuple["Case", Money | None]:
    """As `came_in`, of a payment. Without the provider's account it is news as it was told."""
    if fact.paid and case.paid:
        return came_in(case, fact.paid)
    paid = fact.paid or (case.paid + fact.amount if case.paid else None)
    return case.but(paid=paid), fact.amount


def received(fresh: Money, at: datetime, source: str) -> Entry:
    """How it goes on record where no event of the payment came first."""
    event = outgoing.PaymentReceived(amount=fresh)
    return new_entry(at=at, step=source, what="payment received", why=f"{fresh}, as the invoice shows", event=event)


def is_credited(case: "Case", paid: Money | None) -> bool:
    """Whether what is due no more was never paid: a credit note took all of it."""
    return paid is not None and paid.amount == 0 and not case.outside
