"""Reads Stripe's objects: the current shape (basil and later) and the one before it. Pure functions of plain JSON.

An API answer comes in the version that the SDK pins, an event in the version of its webhook endpoint, and that one
never changes for an event. So both shapes are read everywhere (rules.md 2.2).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from domain.case import ChargeOutcome
from domain.declines import RawDecline
from domain.events import InvoiceState
from domain.money import Money
from gateways.ports import InvoiceSnapshot, PaymentMethod

Json = Mapping[str, Any]
T = TypeVar("T")

# What Stripe answers when the customer has to confirm the payment with the bank.
REQUIRES_ACTION = "invoice_payment_intent_requires_action"
# Ours, because Stripe has no code for it: there was nothing to charge.
NO_PAYMENT_METHOD = "no_payment_method"

_ERROR_CODES = {"decline_code", "advice_code", "network_advice_code", "network_decline_code"}


class MalformedObject(Exception):
    """What should be an object of Stripe's is not one. One sentence: what is missing, what is expected."""


def object_id(value: object) -> str | None:
    """The id of a reference, whether Stripe expanded it to an object or not."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return value if isinstance(value, str) and value else None


def expanded(value: object) -> Json:
    """The object behind a reference; empty when the reference was not expanded or there is none."""
    return value if isinstance(value, Mapping) else {}


def moment(value: object) -> datetime | None:
    """Stripe's Unix seconds as an aware UTC datetime."""
    if isinstance(value, int) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    return None


def read_invoice(invoice: Json, charge: Json | None = None) -> InvoiceSnapshot:
    """The invoice as the rules need it.

    `charge` is the newest charge of the invoice's open payment, where the caller has read it: Stripe shows its
    network codes and its time nowhere else. Raises MalformedObject when a field that no decision can do without is
    missing.
    """
    invoice_id = _required(invoice, "id", str)
    currency = _required(invoice, "currency", str)
    try:
        state = InvoiceState(_required(invoice, "status", str))
        due = Money(amount=_required(invoice, "amount_due", int), currency=currency)
        remaining = Money(amount=_required(invoice, "amount_remaining", int), currency=currency)
    except ValueError:
        raise MalformedObject(
            f"Invoice {invoice_id} has a status or currency that Stripe does not document: "
            "expected one of draft, open, paid, uncollectible, void, and an ISO 4217 code."
        ) from None
    customer = object_id(invoice.get("customer")) or object_id(invoice.get("customer_account"))
    if customer is None:
        raise MalformedObject(f"Invoice {invoice_id} has no customer: a case needs one.")
    intent = open_intent(invoice) if state is InvoiceState.OPEN else {}
    decline = intent_decline(intent, charge)
    return InvoiceSnapshot(
        id=invoice_id,
        number=invoice.get("number"),
        state=state,
        currency=due.currency,
        amount=due,
        remaining=remaining,
        customer_id=customer,
        subscription_id=subscription_id(invoice),
        pay_url=invoice.get("hosted_invoice_url"),
        payment_method=read_method(default_method(invoice)),
        last_decline=decline,
        last_failed_at=moment(charge.get("created")) if decline and charge else None,
        paid_by=paid_by(invoice) if state is InvoiceState.PAID else None,
    )


def subscription_id(invoice: Json) -> str | None:
    """The invoice's subscription, in either shape."""
    details = expanded(expanded(invoice.get("parent")).get("subscription_details"))
    return object_id(details.get("subscription")) or object_id(invoice.get("subscription"))


def default_method(invoice: Json) -> str | Json | None:
    """What Stripe would charge next: invoice, then subscription, then customer; at each, a source comes second.

    An object where the reference was expanded, else its id. (docs.stripe.com/billing/revenue-recovery/smart-retries,
    read 2026-04-12.)
    """
    details = expanded(expanded(invoice.get("parent")).get("subscription_details"))
    subscription = expanded(details.get("subscription")) or expanded(invoice.get("subscription"))
    customer = expanded(invoice.get("customer"))
    for holder, name in (
        (invoice, "default_payment_method"),
        (invoice, "default_source"),
        (subscription, "default_payment_method"),
        (subscription, "default_source"),
        (expanded(customer.get("invoice_settings")), "default_payment_method"),
        (customer, "default_source"),
    ):
        if method := holder.get(name):
            return method if isinstance(method, Mapping) else str(method)
    return None


def read_method(method: str | Json | None) -> PaymentMethod | None:
    """A payment method, or only its id where that is all there is."""
    identity = object_id(method)
    if identity is None:
        return None
    details = _details(expanded(method))
    return PaymentMethod(
        id=identity,
        network=_brand(details),
        fingerprint=details.get("fingerprint"),
        country=details.get("country"),
    )


def intents(invoice: Json) -> list[Json]:
    """The invoice's expanded payment intents, the default payment's first, then the newest."""
    payments = expanded(invoice.get("payments")).get("data") or []
    ordered = sorted(payments, key=lambda p: (bool(p.get("is_default")), p.get("created") or 0), reverse=True)
    found = [expanded(expanded(payment.get("payment")).get("payment_intent")) for payment in ordered]
    return [intent for intent in (*found, expanded(invoice.get("payment_intent"))) if intent]


def open_intent(invoice: Json) -> Json:
    """The payment intent that the next charge of the invoice would be made on; empty when there is none.

    It is the default payment's: Stripe keeps that one at what remains, while a part payment has its own.
    """
    candidates = [i for i in intents(invoice) if i.get("status") not in ("succeeded", "canceled")]
    return candidates[0] if candidates else {}


def intent_decline(intent: Json, charge: Json | None = None) -> RawDecline | None:
    """Why the intent's newest attempt failed, or None if it did not (or there was none)."""
    error = expanded(intent.get("last_payment_error"))
    if intent.get("status") == "requires_action":
        return raw_decline({"code": REQUIRES_ACTION, "payment_method": intent.get("payment_method")}, charge)
    return raw_decline(error, charge) if error else None


def raw_decline(error: Json, charge: Json | None = None) -> RawDecline:
    """All codes of a refused charge: of the error, and what only the charge's outcome shows."""
    outcome = expanded((charge or {}).get("outcome"))
    codes = {name: error.get(name) or outcome.get(name) for name in _ERROR_CODES}
    # A block by Stripe's own risk rules has its telling code in the outcome only.
    if outcome.get("type") == "blocked" and outcome.get("reason"):
        codes["decline_code"] = outcome["reason"]
    by_charge = _details(expanded((charge or {}).get("payment_method_details")))
    return RawDecline(
        error_code=error.get("code") or (charge or {}).get("failure_code"),
        network=_brand(by_charge) or _brand(_details(expanded(error.get("payment_method")))),
        network_status=outcome.get("network_status"),
        **codes,
    )


def charge_outcome(charge: Json) -> ChargeOutcome:
    """What became of a charge."""
    match charge.get("status"):
        case "succeeded":
            return ChargeOutcome.PAID
        case "failed":
            return ChargeOutcome.DECLINED
        case _:
            return ChargeOutcome.PROCESSING


def paid_by(invoice: Json) -> str | None:
    """The id of the newest payment that paid the invoice: a payment intent, a charge or a payment record."""
    payments = expanded(invoice.get("payments")).get("data") or []
    for payment in sorted(payments, key=lambda p: p.get("created") or 0, reverse=True):
        if payment.get("status") == "paid":
            means = expanded(payment.get("payment"))
            return object_id(means.get(str(means.get("type"))))
    return object_id(invoice.get("payment_intent")) or object_id(invoice.get("charge"))


def _details(method: Json) -> Json:
    """The block that a method or a charge keeps under the name of its type: `{"type": "card", "card": {…}}`."""
    return expanded(method.get(str(method.get("type"))))


def _brand(details: Json) -> str | None:
    """The card network in Stripe's lower-case words; None for bank debits and unknown cards."""
    brand = details.get("brand")
    return brand.lower() if isinstance(brand, str) and brand != "unknown" else None


def _required(source: Json, name: str, kind: type[T]) -> T:
    value = source.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise MalformedObject(
            f"The invoice has no {name!r}: expected an invoice object as Stripe's API and events show it."
        )
    return value
