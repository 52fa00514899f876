"""Payments that came in elsewhere: Stripe's Payment Records, and attaching them to invoices.

Parameters and fields: the SDK's types and stripe-mock's OpenAPI description; what attaching does: the API reference of
`attach_payment`, docs.stripe.com/invoicing/partial-payments and the changelog entry of `amount_paid_off_stripe`.
"""

from collections.abc import Mapping

from sandbox.providers.journal import Journal, Json
from sandbox.providers.stripe_invoices import Invoices
from sandbox.providers.stripe_store import Cause, StripeStore, invalid_request

_REQUIRED = ("amount_requested[value]", "amount_requested[currency]", "initiated_at", "payment_method_details[type]")


class PaymentRecords:
    """Callers hold the journal's lock."""

    def __init__(self, store: StripeStore, invoices: Invoices) -> None:
        self._store = store
        self._invoices = invoices

    def report(self, params: Mapping[str, str]) -> Json:
        """A new record, from the flat parameters of the call. Raises StripeFailure (400) if one is missing."""
        for name in _REQUIRED:
            if not params.get(name):
                raise invalid_request(
                    f"Missing required param: {name}.", code="parameter_missing", param=name.partition("[")[0]
                )
        if params.get("outcome") == "guaranteed" and not params.get("guaranteed[guaranteed_at]"):
            raise invalid_request("Missing required param: guaranteed.", code="parameter_missing", param="guaranteed")
        record = _record(
            self._store.journal,
            amount=int(params["amount_requested[value]"]),
            currency=params["amount_requested[currency]"].lower(),
            customer=params.get("customer_details[customer]"),
            reference=params.get("processor_details[custom][payment_reference]"),
            guaranteed=params.get("outcome") == "guaranteed",
        )
        record["description"] = params.get("description")
        record["metadata"] = {
            name[len("metadata[") : -1]: value for name, value in params.items() if name.startswith("metadata[")
        }
        return self._store.put(record)

    def end(self, record: Json, how: str, cause: Cause) -> None:
        """The merchant reports what became of the payment: "guaranteed", "failed" or "canceled". Stripe has no event of
        a record. What becomes of the invoice's payment when a record failed is not documented: it stays open here."""
        amount = record["amount_requested"]["value"]
        if any(record[f"amount_{known}"]["value"] for known in ("guaranteed", "failed", "canceled")):
            raise invalid_request("The latest payment attempt has ended already.")
        record[f"amount_{how}"]["value"] = amount
        for payment in self._store.of_kind("invoice_payment", record["id"]):
            if how == "guaranteed":
                self._invoices.pay_in(self._store.objects[payment["invoice"]], payment, amount, cause)

    def attach(self, invoice: Json, record: Json, cause: Cause) -> None:
        """Credit the record's money to the invoice, in part or in full.

        Stripe documents no answer for a record that is attached a second time: here it is refused, so that nothing is
        counted twice. One that is not guaranteed yet stays an open payment.
        """
        amount: Json = record["amount_requested"]
        if invoice["status"] not in ("open", "uncollectible"):
            raise invalid_request(f"Payments can only be attached to an open invoice. It is {invoice['status']}.")
        if amount["currency"] != invoice["currency"]:
            raise invalid_request("The currency of the payment must be the invoice's.", param="payment_record")
        if self._store.of_kind("invoice_payment", record["id"]):
            raise invalid_request("This payment is already attached to an invoice.", param="payment_record")
        payment = self._invoices.add_payment(invoice, record, amount["value"], is_default=False)
        if record["amount_guaranteed"]["value"]:
            self._store.journal.record(
                "stripe",
                "payment_record.attached",
                {"invoice": invoice["id"], "customer": invoice["customer"], "payment_record": record["id"]},
                key=cause.key,
                data={"amount": amount["value"], "currency": invoice["currency"], "origin": cause.origin},
            )
            self._invoices.pay_in(invoice, payment, record["amount_guaranteed"]["value"], cause)


def paid_elsewhere(journal: Journal, invoice: Json, amount: int) -> Json:
    """The record of money that came in outside Stripe for one invoice."""
    return _elsewhere(journal, invoice, amount, guaranteed=True)


def reported_elsewhere(journal: Journal, invoice: Json, amount: int) -> Json:
    """The record of money that is on its way outside Stripe for one invoice."""
    return _elsewhere(journal, invoice, amount, guaranteed=False)


def _elsewhere(journal: Journal, invoice: Json, amount: int, *, guaranteed: bool) -> Json:
    return _record(
        journal,
        amount=amount,
        currency=invoice["currency"],
        customer=invoice["customer"],
        reference=None,
        guaranteed=guaranteed,
    )


def _record(
    journal: Journal, *, amount: int, currency: str, customer: str | None, reference: str | None, guaranteed: bool
) -> Json:
    def money(value: int) -> Json:
        return {"currency": currency, "value": value}

    processor: Json = {"type": "custom"}
    if reference is not None:
        processor["custom"] = {"payment_reference": reference}
    return {
        "id": journal.new_id("pr"),
        "object": "payment_record",
        "amount": money(amount),
        "amount_authorized": money(0),
        "amount_canceled": money(0),
        "amount_failed": money(0),
        "amount_guaranteed": money(amount if guaranteed else 0),
        "amount_refunded": money(0),
        "amount_requested": money(amount),
        "application": None,
        "created": journal.timestamp(),
        "customer_details": {"customer": customer, "email": None, "name": None, "phone": None} if customer else None,
        "customer_presence": None,
        "description": None,
        "latest_payment_attempt_record": journal.new_id("par"),
        "livemode": False,
        "metadata": {},
        "payment_method_details": {"billing_details": None, "payment_method": None, "type": "custom"},
        "processor_details": processor,
        "reported_by": "self",
        "shipping_details": None,
    }
