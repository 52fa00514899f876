"""Invoices that are made by hand: a draft, its lines, and the step by which it is final.

Shapes: the SDK's types. What follows what: docs.stripe.com/invoicing/integration/workflow-transitions. Without a
subscription's own period `billing_reason` is `manual`.
"""

from collections.abc import Mapping

from sandbox.providers.journal import Json
from sandbox.providers.stripe_documents import invoice as invoice_document
from sandbox.providers.stripe_documents import line as line_document
from sandbox.providers.stripe_invoices import Invoices
from sandbox.providers.stripe_store import Cause, StripeStore, invalid_request

_ENDED = ("canceled", "incomplete_expired")


class Drafts:
    """Callers hold the journal's lock."""

    def __init__(self, store: StripeStore, invoices: Invoices) -> None:
        self._store = store
        self._invoices = invoices

    def create(self, params: Mapping[str, str]) -> Json:
        """An empty draft. Raises StripeFailure (400) for what Stripe refuses."""
        if not params.get("customer"):
            raise invalid_request("Missing required param: customer.", code="parameter_missing", param="customer")
        customer = self._store.get("customer", params["customer"], param="customer", status=400)
        if customer.get("deleted"):
            raise invalid_request(f"No such customer: '{customer['id']}'", code="resource_missing", param="customer")
        subscription = self._subscription(params, customer["id"])
        journal = self._store.journal
        draft = invoice_document(
            journal.new_id("in"),
            journal.timestamp(),
            customer=customer,
            subscription=subscription,
            number="",
            amount=0,
            currency=params.get("currency") or customer["currency"] or "usd",
            collection_method=params.get("collection_method", "charge_automatically"),
            due_date=None,
            billing_reason="manual",
        )
        draft.update(
            status="draft",
            number=None,
            auto_advance=params.get("auto_advance") == "true",
            hosted_invoice_url=None,
            invoice_pdf=None,
            description=params.get("description"),
            effective_at=None,
            metadata={
                name[len("metadata[") : -1]: value for name, value in params.items() if name.startswith("metadata[")
            },
        )
        draft["lines"]["data"] = []
        draft["status_transitions"]["finalized_at"] = None
        return self._store.put(draft)

    def add_item(self, params: Mapping[str, str]) -> Json:
        """A line of a draft. Raises StripeFailure (400) for any other invoice."""
        invoice = self._store.get("invoice", params.get("invoice", ""), param="invoice", status=400)
        if invoice["status"] != "draft":
            raise invalid_request("You can only add invoice items to draft invoices.", param="invoice")
        if params.get("currency") != invoice["currency"]:
            raise invalid_request("The currency must be the invoice's.", param="currency")
        journal = self._store.journal
        amount = int(params["amount"])
        line = line_document(invoice["id"], journal.timestamp(), None, amount, invoice["currency"])
        invoice["lines"]["data"].append(line | {"description": params.get("description")})
        for name in ("amount_due", "amount_remaining", "subtotal", "subtotal_excluding_tax", "total"):
            invoice[name] += amount
        invoice["total_excluding_tax"] += amount
        return {
            "id": journal.new_id("ii"),
            "object": "invoiceitem",
            "amount": amount,
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "description": params.get("description"),
            "invoice": invoice["id"],
        }

    def finalize(self, invoice: Json, cause: Cause, *, auto_advance: bool) -> None:
        """The draft becomes an open invoice with a number and a page of its own; nothing is charged."""
        if invoice["status"] != "draft":
            raise invalid_request("This invoice is already finalized, you can't re-finalize it.")
        owner = self._store.objects[invoice["customer"]]
        final = invoice_document(
            invoice["id"],
            self._store.journal.timestamp(),
            customer=owner,
            subscription=None,
            number=f"{owner['invoice_prefix']}-{owner['next_invoice_sequence']:04d}",
            amount=invoice["total"],
            currency=invoice["currency"],
            collection_method=invoice["collection_method"],
            due_date=None,
            billing_reason="manual",
        )
        owner["next_invoice_sequence"] += 1
        for name in ("number", "status", "hosted_invoice_url", "invoice_pdf", "effective_at", "status_transitions"):
            invoice[name] = final[name]
        invoice["auto_advance"] = auto_advance
        self._invoices.finalize(invoice, cause)

    def _subscription(self, params: Mapping[str, str], customer: str) -> Json | None:
        if not params.get("subscription"):
            return None
        found = self._store.get("subscription", params["subscription"], param="subscription", status=400)
        if found["customer"] != customer or found["status"] in _ENDED:
            raise invalid_request("You cannot create an invoice for this subscription.", param="subscription")
        return found
