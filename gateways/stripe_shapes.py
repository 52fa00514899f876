"""Reads Stripe's objects: the current shape (basil and later) and the one before it. Pure functions of plain JSON.

An API answer comes in the version that the SDK pins, an event in the version of its webhook endpoint, and that one
never changes for an event. So both shapes are read everywhere.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from domain.base import Frozen
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


class MalformedEvent(MalformedObject):
    """What should be an event of Stripe's is not one."""


class StripeEvent(Frozen):
    """One event, reduced to whom and what it is about. Fields that its type does not carry are None."""

    id: str
    type: str  # Stripe's own name, also of types that say nothing here
    created: datetime  # UTC, whole seconds: distinct events may share it
    api_version: str | None = None
    invoice: dict[str, Any] | None = None  # the whole invoice, for `read_invoice`, where the event carries it
    invoice_id: str | None = None
    payment_intent_id: str | None = None
    customer_id: str | None = None
    subscription_id: str | None = None
    payment_method_id: str | None = None
    amount: Money | None = None  # invoice_payment.paid: what was paid; credit_note.created: by how much less is due
    default_method_changed: bool = False  # customer.updated, customer.subscription.updated
    dispute_id: str | None = None
    dispute_status: str | None = None  # won, lost, warning_closed, prevented … (docs.stripe.com/api/disputes/object)
    charge_id: str | None = None  # the disputed charge


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


def read_event(event: object) -> StripeEvent:
    """Reads one event as a webhook or the events API delivers it.

    Raises MalformedEvent with one sentence that says what is missing. An unknown type is not malformed.
    """
    source = _event_part(event, "It is not a JSON object")
    for name in ("id", "type"):
        if not isinstance(source.get(name), str) or not source[name]:
            raise MalformedEvent(_not_an_event(f"It has no {name!r}"))
    created = moment(source.get("created"))
    if created is None:
        raise MalformedEvent(_not_an_event("Its 'created' is not a Unix time in seconds", source["id"]))
    data = _event_part(source.get("data"), "It has no 'data'", source["id"])
    about = _event_part(data.get("object"), "It has no 'data.object'", source["id"])
    previous = expanded(data.get("previous_attributes"))
    try:
        found = _subjects(str(source["type"]), about, previous)
    except MalformedObject as error:
        raise MalformedEvent(f"Event {source['id']} is not understood. {error}") from None
    version = source.get("api_version")
    return StripeEvent(
        id=source["id"], type=source["type"], created=created, api_version=version and str(version), **found
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


_INVOICE_EVENTS = frozenset(
    {
        "invoice.marked_uncollectible",
        "invoice.paid",
        "invoice.payment_action_required",
        "invoice.payment_failed",
        "invoice.payment_succeeded",
        "invoice.updated",
        "invoice.voided",
    }
)
_METHOD_EVENTS = frozenset(
    {"payment_method.attached", "payment_method.automatically_updated", "payment_method.updated"}
)


def _subjects(kind: str, about: Json, previous: Json) -> dict[str, Any]:
    """Whom and what an event is about, as fields of StripeEvent."""
    customer = {"customer_id": object_id(about.get("customer")) or object_id(about.get("customer_account"))}
    if kind in _INVOICE_EVENTS:
        read_invoice(about)  # the rest of the program may rely on it
        paying = paid_by(about) or object_id(open_intent(about)) or object_id(about.get("payment_intent"))
        return customer | {
            "invoice": dict(about),
            "invoice_id": object_id(about),
            "payment_intent_id": paying,
            "subscription_id": subscription_id(about),
        }
    if kind == "invoice_payment.paid":
        return {
            "invoice_id": _reference(about, "invoice", kind),
            "payment_intent_id": object_id(expanded(about.get("payment")).get("payment_intent")),
            "amount": _money(about, "amount_paid", kind),
        }
    if kind == "credit_note.created":
        return customer | {"invoice_id": _reference(about, "invoice", kind), "amount": _money(about, "amount", kind)}
    if kind in _METHOD_EVENTS:
        return customer | {"payment_method_id": object_id(about)}
    if kind == "customer.updated":
        settings = expanded(about.get("invoice_settings"))
        changed = "default_payment_method" in expanded(previous.get("invoice_settings")) or "default_source" in previous
        return {
            "customer_id": object_id(about),
            "payment_method_id": object_id(settings.get("default_payment_method")),
            "default_method_changed": changed,
        }
    if kind == "customer.subscription.updated":
        return customer | {
            "subscription_id": object_id(about),
            "payment_method_id": object_id(about.get("default_payment_method")),
            "default_method_changed": "default_payment_method" in previous or "default_source" in previous,
        }
    if kind == "customer.subscription.deleted":
        return customer | {"subscription_id": object_id(about)}
    if kind in ("charge.dispute.created", "charge.dispute.closed"):
        charge = expanded(about.get("charge"))
        return {
            "dispute_id": object_id(about),
            "dispute_status": about.get("status"),
            "charge_id": object_id(about.get("charge")),
            "payment_intent_id": object_id(about.get("payment_intent")),
            "customer_id": object_id(charge.get("customer")),
            "invoice_id": object_id(charge.get("invoice")),  # before basil only
        }
    return {}


def _event_part(value: object, problem: str, event_id: str | None = None) -> Json:
    if not isinstance(value, Mapping):
        raise MalformedEvent(_not_an_event(problem, event_id))
    return value


def _not_an_event(problem: str, event_id: str | None = None) -> str:
    which = f"Event {event_id} cannot be read" if event_id else "The event cannot be read"
    return f"{which}. {problem}: expected a Stripe event as a webhook has it, with id, type, created and data.object."


def _reference(about: Json, name: str, kind: str) -> str:
    identity = object_id(about.get(name))
    if identity is None:
        raise MalformedObject(f"The object of {kind} has no {name!r}: expected the id of an {name}.")
    return identity


def _money(about: Json, name: str, kind: str) -> Money | None:
    amount, currency = about.get(name), about.get("currency")
    if amount is None:
        return None
    try:
        return Money(amount=amount, currency=str(currency))
    except ValueError:
        raise MalformedObject(
            f"The object of {kind} has no readable {name!r}: expected whole minor units and a currency."
        ) from None


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
