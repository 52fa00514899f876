"""Reads Stripe's objects: the current shape (basil and later) and the one before it. Pure functions of plain JSON.

An API answer comes in the version that the SDK pins, an event in the version of its webhook endpoint, and that one
never changes for an event. So both shapes are read everywhere.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from domain.base import Frozen
from domain.events import InvoiceState
from domain.money import Money
from gateways import stripe_fields as fields
from gateways.ports.payments import InvoiceSnapshot
from gateways.ports.rows import CustomerRow
from gateways.stripe_fields import Json, expanded, moment, object_id

T = TypeVar("T")


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
    idempotency_key: str | None = None  # of the API request that caused the event, if one did
    changed: frozenset[str] = frozenset()  # *.updated: names of the attributes that changed


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
    # A credit note on an unpaid invoice has lowered `amount_due`.
    credited = invoice.get("pre_payment_credit_notes_amount")
    original = due + Money(amount=credited if isinstance(credited, int) else 0, currency=currency)
    customer = object_id(invoice.get("customer")) or object_id(invoice.get("customer_account"))
    if customer is None:
        raise MalformedObject(f"Invoice {invoice_id} has no customer: a case needs one.")
    intent = fields.open_intent(invoice) if state is InvoiceState.OPEN else {}
    decline = fields.intent_decline(intent, charge)
    return InvoiceSnapshot(
        id=invoice_id,
        number=_text(invoice, "number"),
        state=state,
        currency=due.currency,
        amount=original,
        remaining=remaining,
        customer_id=customer,
        subscription_id=fields.subscription_id(invoice),
        pay_url=_text(invoice, "hosted_invoice_url"),
        payment_method=fields.read_method(fields.default_method(invoice)),
        last_decline=decline,
        last_failed_at=moment(charge.get("created")) if decline and charge else None,
        paid_by=fields.paid_by(invoice) if state is InvoiceState.PAID else None,
    )


def read_customer(customer: Json) -> CustomerRow:
    """The customer as the ledger keeps it; only what Stripe states is set. A deleted customer has only an id.

    `metadata.time_zone` (IANA) and `metadata.segment` are this system's own conventions. Raises MalformedObject
    without an id.
    """
    identity = object_id(customer)
    if identity is None:
        raise MalformedObject("The customer has no 'id': expected a customer object as Stripe's API shows it.")
    locales = customer.get("preferred_locales")
    metadata = expanded(customer.get("metadata"))
    return _customer_row(
        identity,
        name=_text(customer, "name"),
        email=_text(customer, "email"),
        phone=_text(customer, "phone"),
        country=_text(expanded(customer.get("address")), "country"),
        language=next((locale for locale in locales if isinstance(locale, str)), None)
        if isinstance(locales, list)
        else None,
        time_zone=_text(metadata, "time_zone"),
        segment=_text(metadata, "segment"),
    )


def invoice_customer(invoice: Json, customer_id: str) -> CustomerRow:
    """What an invoice itself keeps of its customer, as it was when the invoice was made final."""
    return _customer_row(
        customer_id,
        name=_text(invoice, "customer_name"),
        email=_text(invoice, "customer_email"),
        phone=_text(invoice, "customer_phone"),
        country=_text(expanded(invoice.get("customer_address")), "country"),
    )


def _customer_row(customer_id: str, **stated: str | None) -> CustomerRow:
    return CustomerRow.model_validate({"customer_id": customer_id} | {k: v for k, v in stated.items() if v})


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
    return StripeEvent(
        id=source["id"],
        type=source["type"],
        created=created,
        api_version=_text(source, "api_version"),
        idempotency_key=_text(expanded(source.get("request")), "idempotency_key"),
        changed=frozenset(previous),
        **found,
    )


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
        paying = fields.paid_by(about) or object_id(fields.open_intent(about)) or object_id(about.get("payment_intent"))
        return customer | {
            "invoice": dict(about),
            "invoice_id": object_id(about),
            "payment_intent_id": paying,
            "subscription_id": fields.subscription_id(about),
        }
    if kind == "invoice_payment.paid":
        return {
            "invoice_id": _reference(about, "invoice", kind),
            "payment_intent_id": object_id(expanded(about.get("payment")).get("payment_intent")),
            "amount": _money(about, "amount_paid", kind),
        }
    if kind == "credit_note.created":
        part = "pre_payment_amount" if "pre_payment_amount" in about else "amount"
        return customer | {"invoice_id": _reference(about, "invoice", kind), "amount": _money(about, part, kind)}
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
            "dispute_status": _text(about, "status"),
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


def _text(source: Json, name: str) -> str | None:
    value = source.get(name)
    return value if isinstance(value, str) else None


def _required(source: Json, name: str, kind: type[T]) -> T:
    value = source.get(name)
    if not isinstance(value, kind) or isinstance(value, bool) or value == "":
        raise MalformedObject(
            f"The invoice has no {name!r}: expected an invoice object as Stripe's API and events show it."
        )
    return value
