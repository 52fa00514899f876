"""Reads Stripe's objects: the current shape (basil and later) and the one before it. Pure functions of plain JSON.

An API answer comes in the version that the SDK pins, an event in the version of its webhook endpoint, and that one
never changes for an event. So both shapes are read everywhere.
"""

from typing import TypeVar

from domain.addresses import channel_named
from domain.invoice import InvoiceState
from domain.money import Money
from gateways import stripe_fields as fields
from gateways.ports.payments import InvoiceSnapshot
from gateways.ports.rows import CustomerRow
from gateways.postal import stated_address
from gateways.stripe_fields import Json, expanded, moment, object_id, text

T = TypeVar("T")


_NEEDED = ("currency", "status", "amount_due", "amount_remaining")


class MalformedObject(Exception):
    """What should be an object of Stripe's is not one. One sentence: what is missing, what is expected."""


def shows_all(invoice: Json) -> bool:
    """Whether all is there that `read_invoice` needs. An old version's event may lack what came later."""
    customer = invoice.get("customer") or invoice.get("customer_account")
    return customer is not None and all(invoice.get(name) is not None for name in _NEEDED)


def read_invoice(invoice: Json, charge: Json | None = None) -> InvoiceSnapshot:
    """The invoice as the rules need it.

    `charge` is the newest charge of the invoice's open payment, where the caller has read it: Stripe shows its
    network codes and its time nowhere else. Raises MalformedObject when a field that no decision can do without is
    missing.
    """
    invoice_id = object_id(invoice)
    if invoice_id is None:
        raise MalformedObject("The invoice has no 'id': expected an invoice object as Stripe's API and events show it.")
    currency = _required(invoice, "currency", str)
    # A credit note on an unpaid invoice has lowered `amount_due`.
    credited = invoice.get("pre_payment_credit_notes_amount")
    try:
        state = InvoiceState(_required(invoice, "status", str))
        due = Money(amount=_required(invoice, "amount_due", int), currency=currency)
        remaining = Money(amount=_required(invoice, "amount_remaining", int), currency=currency)
        said = invoice.get("total")
        total = Money(amount=said, currency=currency) if isinstance(said, int) else None
        original = due + Money(amount=credited if isinstance(credited, int) else 0, currency=currency)
    except ValueError:
        raise MalformedObject(
            f"Invoice {invoice_id} has a status, currency or amount that Stripe does not document: expected one of "
            "draft, open, paid, uncollectible, void, an ISO 4217 code, and minor units below 2^63."
        ) from None
    customer_id = object_id(invoice.get("customer")) or object_id(invoice.get("customer_account"))
    if customer_id is None:
        raise MalformedObject(f"Invoice {invoice_id} has no customer: a case needs one.")
    customer = expanded(invoice.get("customer"))
    intent = fields.open_intent(invoice) if state is InvoiceState.OPEN else {}
    decline = fields.intent_decline(intent, charge)
    deposits = fields.verification(invoice)
    tax = fields.tax(invoice)
    return InvoiceSnapshot(
        id=invoice_id,
        number=text(invoice, "number"),
        state=state,
        currency=due.currency,
        amount=original,
        total=total,
        remaining=remaining,
        paid=_paid(invoice, due.currency),
        lines=fields.lines(invoice),
        tax=Money(amount=tax, currency=currency) if tax else None,
        customer_id=customer_id,
        subscription_id=fields.subscription_id(invoice),
        verifying=bool(deposits) if deposits is not None else None,
        voucher=fields.has_voucher(invoice),
        transfer=fields.awaits_transfer(invoice),
        verify_url=text(deposits or {}, "hosted_verification_url"),
        pay_url=text(invoice, "hosted_invoice_url"),
        payment_method=fields.read_method(fields.chargeable(fields.default_method(invoice))),
        without_method=fields.has_no_method(invoice),
        last_decline=decline,
        last_failed_at=moment(charge.get("created")) if decline and charge else None,
        paid_by=fields.paid_by(invoice) if state is InvoiceState.PAID else None,
        outside=_outside(invoice, due) if state is InvoiceState.PAID else None,
        overpaid=_overpaid(invoice, due.currency),
        sent=_sent(invoice),
        due_at=moment(invoice.get("due_date")),
        subscription=fields.subscription_state(invoice),
        paying=fields.is_paying(invoice),
        tries=fields.own_tries(invoice),
        replaced=object_id(invoice.get("latest_revision")) not in (None, invoice_id),
        customer=read_customer(customer) if customer else None,
        customer_deleted=customer.get("deleted") is True if customer else None,
    )


def read_customer(customer: Json) -> CustomerRow:
    """The customer as the ledger keeps it; only what Stripe states is set. A deleted customer has only an id.

    `time_zone` (IANA), `segment`, `line_user_id` and `preferred_channel` in its metadata are this system's own
    conventions. Raises MalformedObject without an id.
    """
    identity = object_id(customer)
    if identity is None:
        raise MalformedObject("The customer has no 'id': expected a customer object as Stripe's API shows it.")
    locales = customer.get("preferred_locales")
    metadata = expanded(customer.get("metadata"))
    return _customer_row(
        identity,
        name=text(customer, "name"),
        email=text(customer, "email"),
        phone=text(customer, "phone"),
        country=text(expanded(customer.get("address")), "country"),
        region=text(expanded(customer.get("address")), "state"),
        postal_address=_postal_address(expanded(customer.get("address"))),
        language=", ".join(locale for locale in locales if isinstance(locale, str))
        if isinstance(locales, list)
        else None,
        time_zone=text(metadata, "time_zone"),
        segment=text(metadata, "segment"),
        line_user_id=text(metadata, "line_user_id"),
        preferred_channel=channel_named(text(metadata, "preferred_channel")),
    )


def invoice_customer(invoice: Json, customer_id: str) -> CustomerRow:
    """What an invoice itself keeps of its customer, as it was when the invoice was made final."""
    return _customer_row(
        customer_id,
        name=text(invoice, "customer_name"),
        email=text(invoice, "customer_email"),
        phone=text(invoice, "customer_phone"),
        country=text(expanded(invoice.get("customer_address")), "country"),
        region=text(expanded(invoice.get("customer_address")), "state"),
        postal_address=_postal_address(expanded(invoice.get("customer_address"))),
    )


def _postal_address(address: Json) -> str | None:
    said = (text(address, name) for name in ("line1", "line2", "postal_code", "city", "state", "country"))
    return stated_address(*said)


def _customer_row(customer_id: str, **stated: str | None) -> CustomerRow:
    return CustomerRow.model_validate({"customer_id": customer_id} | {k: v for k, v in stated.items() if v})


def _sent(invoice: Json) -> bool | None:
    method = invoice.get("collection_method")
    return method == "send_invoice" if isinstance(method, str) else None


def _paid(invoice: Json, currency: str) -> Money | None:
    """Before basil it did not count what was paid out of band, and said so. (changelog basil, 2025-03-31)"""
    amount = invoice.get("amount_paid")
    if invoice.get("paid_out_of_band") is True or type(amount) is not int or not 0 <= amount < 2**63:
        return None
    return Money(amount=amount, currency=currency)


def _outside(invoice: Json, due: Money) -> Money:
    return Money(amount=max(0, due.amount - fields.charged(invoice)), currency=due.currency)


def _overpaid(invoice: Json, currency: str) -> Money | None:
    excess = invoice.get("amount_overpaid")
    return Money(amount=excess, currency=currency) if isinstance(excess, int) and 0 < excess < 2**63 else None


def _required(source: Json, name: str, kind: type[T]) -> T:
    value = source.get(name)
    if not isinstance(value, kind) or isinstance(value, bool) or value == "":
        raise MalformedObject(
            f"The invoice has no {name!r}: expected an invoice object as Stripe's API and events show it."
        )
    return value
