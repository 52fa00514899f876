"""What happens to invoices, subscriptions and charges beside payments: void, write-off, credit, cancel, dispute."""

from sandbox.providers.journal import Json
from sandbox.providers.stripe_payments import InvoiceCharging
from sandbox.providers.stripe_store import Cause, StripeStore, invalid_request

_VOIDABLE = ("open", "uncollectible")


class StripeBilling:
    """Callers hold the journal's lock; every change is journalled and becomes events."""

    def __init__(self, store: StripeStore, payments: InvoiceCharging) -> None:
        self._store = store
        self._payments = payments

    def void(self, invoice: Json, cause: Cause) -> None:
        if invoice["status"] not in _VOIDABLE:
            raise invalid_request(
                f"You can only pass in open or uncollectible invoices. This invoice is {invoice['status']}."
            )
        previous = {"status": invoice["status"]}
        invoice.update(status="void", auto_advance=False, next_payment_attempt=None)
        invoice["status_transitions"]["voided_at"] = self._store.journal.timestamp()
        self._payments.cancel_open_payment(invoice)
        self._note("invoice.voided", invoice, cause)
        self._store.emit("invoice.updated", invoice, cause, previous)
        self._store.emit("invoice.voided", invoice, cause)

    def mark_uncollectible(self, invoice: Json, cause: Cause) -> None:
        if invoice["status"] != "open":
            raise invalid_request(
                f"You can only pass in open invoices. This invoice isn't open: it is {invoice['status']}."
            )
        invoice.update(status="uncollectible", auto_advance=False, next_payment_attempt=None)
        invoice["status_transitions"]["marked_uncollectible_at"] = self._store.journal.timestamp()
        invoice["status_details"]["uncollectible"] = {"reason": "user_forgiven"}
        self._note("invoice.marked_uncollectible", invoice, cause)
        self._store.emit("invoice.updated", invoice, cause, {"status": "open"})
        self._store.emit("invoice.marked_uncollectible", invoice, cause)

    def cancel_subscription(self, subscription: Json, cause: Cause, *, comment: str | None = None) -> None:
        if subscription["status"] == "canceled":
            raise invalid_request(
                f"No such subscription: '{subscription['id']}'",
                status=404,
                code="resource_missing",
                param="id",
            )
        now = self._store.journal.timestamp()
        subscription.update(status="canceled", canceled_at=now, ended_at=now)
        subscription["cancellation_details"].update(reason="cancellation_requested", comment=comment)
        self._store.journal.record(
            "stripe",
            "subscription.canceled",
            {"subscription": subscription["id"], "customer": subscription["customer"]},
            key=cause.key,
            data={"origin": cause.origin},
        )
        self._store.emit("customer.subscription.deleted", subscription, cause)

    def credit(self, invoice: Json, amount: int, cause: Cause) -> Json:
        """A credit note on an unpaid invoice lowers what is due; one over all that remains settles the invoice."""
        if invoice["status"] != "open" or not 0 < amount <= invoice["amount_remaining"]:
            raise ValueError(
                f"A credit note needs an open invoice and at most the {invoice['amount_remaining']} that remain."
            )
        journal = self._store.journal
        note: Json = {
            "id": journal.new_id("cn"),
            "object": "credit_note",
            "amount": amount,
            "amount_shipping": 0,
            "created": journal.timestamp(),
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "discount_amount": 0,
            "discount_amounts": [],
            "invoice": invoice["id"],
            "lines": {"object": "list", "data": [], "has_more": False, "url": "/v1/credit_notes/lines"},
            "livemode": False,
            "memo": None,
            "metadata": {},
            "number": f"{invoice['number']}-CN-01",
            "pdf": f"{invoice['invoice_pdf']}/credit-note",
            "post_payment_amount": 0,
            "pre_payment_amount": amount,
            "pretax_credit_amounts": [],
            "reason": "order_change",
            "refunds": [],
            "status": "issued",
            "subtotal": amount,
            "total": amount,
            "type": "pre_payment",
            "voided_at": None,
        }
        self._store.put(note)
        previous = {name: invoice[name] for name in ("amount_due", "amount_remaining")}
        invoice["pre_payment_credit_notes_amount"] += amount
        invoice["amount_due"] -= amount
        invoice["amount_remaining"] -= amount
        self._payments.sync_default_payment(invoice)
        self._note("invoice.credited", invoice, cause, amount=amount)
        self._store.emit("credit_note.created", note, cause)
        self._store.emit("invoice.updated", invoice, cause, previous)
        if invoice["amount_remaining"] == 0:
            self._payments.settle(invoice, "invoice.paid", cause)
        return note

    def open_dispute(self, charge: Json, cause: Cause, *, reason: str) -> Json:
        """The cardholder disputes a succeeded charge."""
        journal = self._store.journal
        dispute: Json = {
            "id": journal.new_id("du"),
            "object": "dispute",
            "amount": charge["amount"],
            "balance_transactions": [],
            "charge": charge["id"],
            "created": journal.timestamp(),
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {},
            "evidence_details": {
                "due_by": journal.timestamp() + 14 * 86_400,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "intended_submission_method": None,
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "network_reason_code": None,
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "status": "needs_response",
        }
        charge["disputed"] = True
        self._note_dispute("dispute.opened", dispute, charge)
        self._store.emit("charge.dispute.created", self._store.put(dispute), cause)
        return dispute

    def close_dispute(self, dispute: Json, cause: Cause, *, won: bool) -> None:
        if dispute["status"] in ("won", "lost"):
            raise ValueError(f"The dispute {dispute['id']} is closed already: {dispute['status']}.")
        dispute["status"] = "won" if won else "lost"
        self._note_dispute("dispute.closed", dispute, self._store.get("charge", dispute["charge"]))
        self._store.emit("charge.dispute.closed", dispute, cause)

    def _note_dispute(self, kind: str, dispute: Json, charge: Json) -> None:
        self._store.journal.record(
            "stripe",
            kind,
            {
                "dispute": dispute["id"],
                "charge": charge["id"],
                "customer": charge["customer"],
                "invoice": self._store.invoice_of_intent(charge["payment_intent"]),
            },
            data={"status": dispute["status"], "amount": dispute["amount"]},
        )

    def _note(self, kind: str, invoice: Json, cause: Cause, amount: int | None = None) -> None:
        self._store.journal.record(
            "stripe",
            kind,
            {"invoice": invoice["id"], "customer": invoice["customer"]},
            key=cause.key,
            data={
                "origin": cause.origin,
                "status": invoice["status"],
                "amount": amount,
                "amount_remaining": invoice["amount_remaining"],
                "currency": invoice["currency"],
            },
        )
