"""Who tries an unpaid invoice again: this system, or Stripe by itself. A policy names one of them."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from domain.base import Message
from domain.calendar import minute
from domain.moments import Moment

CLEAR_OF = timedelta(hours=1)
"""How far from a try of Stripe's own nothing else is tried: its tries are not made to the minute."""

TURN_OFF = (
    "turn its retries off in its Dashboard, under Billing > Revenue recovery > Retries (for one-off invoices under "
    "Settings > Billing > Invoices > Advanced invoicing features, and in each of the Automations that retries), or "
    "give them to Stripe with `retries: {owner: stripe}` in a policy"
)
"""The settings by their names. (docs.stripe.com/billing/revenue-recovery/smart-retries)"""


BESIDE = "Stripe tries it by itself as well"
"""How lists say that both try."""


IN_SHORT = f"{BESIDE}: turn its retries off (Billing > Revenue recovery > Retries; the case's warning has the rest)"
"""How the record says it: the warning is whole in one place."""


class RetryOwner(StrEnum):
    """Who tries again."""

    OURS = "ours"
    STRIPE = "stripe"  # this system talks, restricts and ends, and charges nothing


BY_POLICY = {
    RetryOwner.OURS: "by the policy all tries are ours",
    RetryOwner.STRIPE: "by the policy all tries are Stripe's",
}
"""Whose the tries are, in words."""


class OtherMethods(StrEnum):
    """What is done with a payment method on file that Stripe would not use for the invoice, when its own cannot pay."""

    ASK = "ask"  # nothing: the customer is asked for a payment method, and decides
    USE = "use"  # each card that was saved for payments without the customer is tried once


class OwnTries(Message):
    """The payment provider's own tries of an invoice, by its own plan."""

    made: int = 0  # how often it tried again by itself; the first try of all, and anybody else's, are not counted
    next_at: Moment | None = None  # UTC; None: none is planned


def two_owners(owner: RetryOwner, next_at: datetime | None) -> str | None:
    """What an operator has to know when Stripe tries again beside us, in one sentence; None while it does not."""
    if owner is RetryOwner.STRIPE or next_at is None:
        return None
    return f"Stripe tries this invoice by itself as well, next at {in_utc(next_at)}: {TURN_OFF}."


def in_utc(at: datetime) -> str:
    """`2030-04-05 09:00 UTC`."""
    return f"{minute(at.astimezone(UTC))} UTC"
