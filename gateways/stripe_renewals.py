"""A subscription's next renewal at Stripe: read as the invoice that it would make now.

Stripe tells of it so many days before as the account's settings say (`invoice.upcoming`, whose invoice is none yet),
and shows it anew whenever it is asked (docs.stripe.com/api/invoices/create_preview).
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import stripe

from domain.money import Money
from domain.renewal import RenewalNow
from gateways import stripe_fields as fields
from gateways.ports.payments import PaymentMethod
from gateways.ports.renewals import RenewalSnapshot
from gateways.ports.trouble import NotUnderstood
from gateways.stripe_api import StripeApi, translated
from gateways.stripe_fields import Json, expanded, moment, object_id, text
from gateways.stripe_shapes import MalformedObject, read_customer

_EXPAND = [
    "parent.subscription_details.subscription.default_payment_method",
    "customer.invoice_settings.default_payment_method",
]
_NONE = "invoice_upcoming_none"
_DRAFT = timedelta(hours=1)
"""An invoice of a renewal is a draft for an hour before it is charged."""
_LOOKED_AT = 10
_OF_A_PERIOD = frozenset({"subscription_cycle", "subscription_create"})
_RENEWS = frozenset({"active", "trialing", "past_due"})


def renews_at(upcoming: Json) -> datetime:
    """When the next period begins, of an upcoming invoice. Raises MalformedObject."""
    at = moment(upcoming.get("period_end"))
    if at is None:
        raise MalformedObject("The upcoming invoice has no 'period_end': expected a Unix time in seconds.")
    return at


def read_renewal(
    api: StripeApi, subscription_id: str, method_of: Callable[[str], PaymentMethod | None], *, with_last: bool
) -> RenewalSnapshot | None:
    """None: the subscription has ended, or will not renew. `method_of` reads what the preview only names. `with_last`:
    with what was paid the last time.

    Raises ProviderTrouble or ProviderMisuse.
    """
    what = f"preview the renewal of subscription {subscription_id}"
    try:
        # It changes nothing, but is a POST: under a key that nobody has used Stripe answers with what is true now.
        upcoming = api.post(
            "invoices", "create_preview", key=str(uuid4()), subscription=subscription_id, expand=_EXPAND
        )
    except stripe.StripeError as error:
        if error.code in (_NONE, "resource_missing"):
            return None
        raise translated(error, what) from None
    paid = (
        api.listed(what, "invoices", subscription=subscription_id, status="paid", limit=_LOOKED_AT) if with_last else []
    )
    try:
        return _snapshot(upcoming, subscription_id, method_of, _last(paid))
    except MalformedObject as error:
        raise NotUnderstood(f"Stripe's answer is not understood. {error}") from None


def _snapshot(
    upcoming: Json, subscription_id: str, method_of: Callable[[str], PaymentMethod | None], before: Money | None
) -> RenewalSnapshot | None:
    customer = expanded(upcoming.get("customer"))
    customer_id = object_id(upcoming.get("customer"))
    if customer_id is None or customer.get("deleted") is True:
        return None
    found = fields.default_method(upcoming)
    method = method_of(found) if isinstance(found, str) else fields.read_method(fields.chargeable(found))
    begins = renews_at(upcoming)
    bought = [line.description for line in fields.lines(upcoming)]
    return RenewalSnapshot(
        subscription_id=subscription_id,
        customer_id=customer_id,
        now=RenewalNow(
            renews_at=begins,
            charged_at=moment(upcoming.get("next_payment_attempt")) or begins + _DRAFT,
            amount=_amount(upcoming, "amount_due"),
            off=_off(upcoming),
            expiry=method.expiry if method else None,
            before=before if before and before.currency == _amount(upcoming, "amount_due").currency else None,
        ),
        method=method,
        bought=bought[0] if len(bought) == 1 else None,
        customer=read_customer(customer) if customer else None,
    )


def _last(paid: Sequence[Json]) -> Money | None:
    """What was paid for the last period, or at the sign-up: not what a change in between has cost."""
    whole = (invoice for invoice in paid if invoice.get("billing_reason") in _OF_A_PERIOD)
    return next((_amount(invoice, "amount_paid") for invoice in whole), None)


def _amount(invoice: Json, name: str) -> Money:
    try:
        return Money(amount=invoice[name], currency=invoice["currency"])
    except (KeyError, ValueError):
        raise MalformedObject(f"An invoice of the subscription has no readable {name!r} and 'currency'.") from None


def _off(upcoming: Json) -> str:
    """Why nothing will be charged by itself."""
    subscription = expanded(expanded(expanded(upcoming.get("parent")).get("subscription_details")).get("subscription"))
    if upcoming.get("collection_method") == "send_invoice":
        return "its invoices are sent to be paid"
    if subscription.get("pause_collection"):
        return "its collection is paused"
    if (status := text(subscription, "status")) and status not in _RENEWS:
        return f"the subscription is {status}"
    return ""
