"""What happens to invoices beside payments: void, write-off, credit, and what their due date brings."""

from sandbox.providers.journal import Json
from sandbox.providers.stripe_invoices import Invoices
from sandbox.providers.stripe_store import Cause, StripeStore, invalid_request

_VOIDABLE = ("open", "uncollectible")


class StripeBilling:
    """Callers hold the journal's lock; every change is journalled and becomes events."""

    def __init__(self, store: StripeStore, invoices: Invoices) -> None:
        self._store = store
        self._invoices = invoices
        self._overdue: set[str] = set()

    def void(self, invoice: Json, cause: Cause) -> None:
        if invoice["status"] not in _VOIDABLE:
            raise invalid_request(
                f"You can only pass in open or uncollectible invoices. This invoice is {invoice['status']}."
            )
        if any(intent["status"] == "processing" for intent in self._invoices.intents(invoice)):
            # frappe/press pull request 2421 met this; the words are ours.
            raise invalid_request("You can't void an invoice while a payment of it is processing.")
        previous = {"status": invoice["status"]}
        invoice.update(status="void", auto_advance=False, next_payment_attempt=None)
        invoice["status_transitions"]["voided_at"] = self._store.journal.timestamp()
        self._invoices.cancel_open_payment(invoice)
        self._invoices.note("invoice.voided", invoice, cause)
        self._store.emit("invoice.updated", invoice, cause, previous)
        self._store.emit("invoice.voided", invoice, cause)

    def mark_uncollectible(self, invoice: Json, cause: Cause, reason: str = "user_forgiven") -> None:
        """reason: of `status_details.uncollectible` (endive)."""
        if invoice["status"] != "open":
            raise invalid_request(
                f"You can only pass in open invoices. This invoice isn't open: it is {invoice['status']}."
            )
        invoice.update(status="uncollectible", auto_advance=False, next_payment_attempt=None)
        invoice["status_transitions"]["marked_uncollectible_at"] = self._store.journal.timestamp()
        invoice["status_details"]["uncollectible"] = {"reason": reason}
        self._invoices.set_delinquent(invoice, False)
        self._invoices.note("invoice.marked_uncollectible", invoice, cause)
        self._store.emit("invoice.updated", invoice, cause, {"status": "open"})
        self._store.emit("invoice.marked_uncollectible", invoice, cause)

    def will_be_due(self, invoice: Json, cause: Cause) -> None:
        """The reminder that Stripe sends some days before the due date (`invoice.will_be_due`)."""
        self._require_due_date(invoice)
        self._store.emit("invoice.will_be_due", invoice, cause)

    def overdue(self, invoice: Json, cause: Cause) -> None:
        """The due date passed without payment: the customer is delinquent, the subscription past due (API reference:
        `subscription.status`, `customer.delinquent`). The invoice stays open."""
        self._require_due_date(invoice)
        self._overdue.add(invoice["id"])
        self._invoices.set_delinquent(invoice, True)
        self._invoices.note("invoice.overdue", invoice, cause)
        self._store.emit("invoice.overdue", invoice, cause)
        self._invoices.set_subscription_status(invoice, ("active",), "past_due", cause)

    def becomes_overdue(self, invoice: Json) -> bool:
        """Whether its due date is over by the world's clock, and nobody was told yet."""
        due = invoice["due_date"]
        if invoice["status"] != "open" or due is None or invoice["id"] in self._overdue:
            return False
        return bool(due < self._store.journal.timestamp())

    def _require_due_date(self, invoice: Json) -> None:
        if invoice["status"] != "open" or invoice["collection_method"] != "send_invoice":
            raise ValueError("Only an open invoice that was sent has a due date.")

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
            "pdf": f"https://pay.stripe.com/credit_notes/{invoice['id']}/pdf",
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
        self._invoices.sync_default_payment(invoice)
        self._invoices.note("invoice.credited", invoice, cause, amount=amount)
        self._store.emit("credit_note.created", note, cause)
        self._store.emit("invoice.updated", invoice, cause, previous)
        if invoice["amount_remaining"] == 0:
            self._invoices.settle(invoice, "invoice.paid", cause)
        return note

    def void_credit(self, note: Json, cause: Cause) -> None:
        """More is due again. A note can be voided while its invoice is open (docs.stripe.com, "Void a credit note")."""
        invoice = self._store.objects[note["invoice"]]
        if note["status"] != "issued" or invoice["status"] != "open":
            raise ValueError("Only a credit note that stands can be voided, and only while its invoice is open.")
        note.update(status="void", voided_at=self._store.journal.timestamp())
        amount = note["pre_payment_amount"]
        previous = {name: invoice[name] for name in ("amount_due", "amount_remaining")}
        invoice["pre_payment_credit_notes_amount"] -= amount
        invoice["amount_due"] += amount
        invoice["amount_remaining"] += amount
        self._invoices.sync_default_payment(invoice)
        self._invoices.note("invoice.credit_voided", invoice, cause, amount=amount)
        self._store.emit("credit_note.voided", note, cause)
        self._store.emit("invoice.updated", invoice, cause, previous)
