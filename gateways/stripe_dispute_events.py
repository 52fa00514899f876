"""Stripe's events about disputes, and about debits that came back. Pure functions."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.declines import RawDecline
from domain.events import DisputeOutcome
from gateways.provider_facts import DisputeEnded, Fact, PaymentDisputed
from gateways.stripe_envelope import Event, money_in
from gateways.stripe_fields import expanded, object_id, text

# A debit that comes back after it had succeeded is a "dispute" with one of these reasons: the bank's answer to it
# (docs.stripe.com/payments/ach-direct-debit; API reference: `dispute.reason`).
_RETURNS = frozenset({"insufficient_funds", "bank_cannot_process", "incorrect_account_details", "debit_not_authorized"})
# What else a dispute may end as (warning_closed, prevented …) leaves the payment as it was.
_DISPUTE_OUTCOMES = {"won": DisputeOutcome.WON, "lost": DisputeOutcome.LOST}


def _disputed(event: Event) -> Fact:
    return PaymentDisputed(**_of_dispute(event))


def _dispute_ended(event: Event) -> Fact:
    outcome = _DISPUTE_OUTCOMES.get(text(event.about, "status") or "", DisputeOutcome.WITHDRAWN)
    reason = text(event.about, "reason")
    returned = RawDecline(decline_code=reason) if reason in _RETURNS else None
    return DisputeEnded(**_of_dispute(event), outcome=outcome, amount=money_in(event, "amount"), returned=returned)


def _of_dispute(event: Event) -> dict[str, Any]:
    charge = expanded(event.about.get("charge"))
    return event.said(object_id(charge.get("invoice"))) | {  # before basil only
        "dispute_id": object_id(event.about) or "",
        "payment_id": object_id(event.about.get("payment_intent")),
        "charge_id": object_id(event.about.get("charge")),
        "customer_id": object_id(charge.get("customer")),
    }


DISPUTES: Mapping[str, Callable[[Event], Fact]] = {
    "charge.dispute.created": _disputed,
    "charge.dispute.closed": _dispute_ended,
}
