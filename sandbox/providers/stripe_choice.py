"""Which payment method pays an invoice, and what makes Stripe refuse to charge it at all."""

from sandbox.providers.journal import Json
from sandbox.providers.stripe_limits import require_currency
from sandbox.providers.stripe_store import StripeStore, invalid_request

_NO_MANDATE = (
    "This PaymentIntent requires a mandate, but no existing mandate was found. Collect mandate acceptance from the "
    "customer and try again, providing acceptance data in the mandate_data parameter."
)


class MethodChoice:
    """Stripe's order of preference, and the refusals that concern one customer's objects."""

    def __init__(self, store: StripeStore) -> None:
        self._store = store
        self._revoked: set[str] = set()

    def revoke_mandate(self, payment_method: str) -> None:
        """After a disputed debit the authorisation is gone: later payments get a 400 (ACH guide of docs.stripe.com)."""
        self._revoked.add(payment_method)

    def for_invoice(self, invoice: Json, wanted: str | None) -> Json:
        """The method to charge. Raises StripeFailure: 400 for a deleted customer, a method that is not the customer's
        any more, no method, one that cannot pay in this currency, and one whose mandate is gone."""
        customer = self._store.objects[invoice["customer"]]
        if customer.get("deleted"):
            raise invalid_request(f"No such customer: '{customer['id']}'", code="resource_missing", param="customer")
        method = self._chosen(invoice, customer, wanted)
        require_currency(method, invoice["currency"])
        _require_type(method, invoice["payment_settings"]["payment_method_types"])
        if method["id"] in self._revoked:
            raise invalid_request(_NO_MANDATE)
        return method

    def _chosen(self, invoice: Json, customer: Json, wanted: str | None) -> Json:
        named = wanted or next(filter(None, self._defaults(invoice, customer)), None)
        if named is None:
            raise invalid_request(
                "This customer has no attached payment source or default payment method. Please consider adding a "
                "default payment method.",
                code="resource_missing",
            )
        method = self._store.get("payment_method", named, param="payment_method", status=400)
        if method["customer"] != invoice["customer"]:
            raise invalid_request(
                f"The customer does not have a payment method with the ID {named}. The payment method must be attached "
                "to the customer.",
                code="resource_missing",
                param="payment_method",
            )
        return method

    def _defaults(self, invoice: Json, customer: Json) -> list[str | None]:
        """rules.md 2.2, in that order. One that was detached stays named (dj-stripe issue 1836); that it then hides
        those that come after it follows from the order, and was not found documented."""
        subscription = self._store.subscription_of(invoice)
        return [
            invoice["default_payment_method"],
            subscription["default_payment_method"] if subscription else None,
            customer["invoice_settings"]["default_payment_method"],
        ]


def _require_type(method: Json, allowed: list[str] | None) -> None:
    """Raises Stripe's 400 for a kind of method that the invoice does not accept (its text: invoiceninja issue 7420)."""
    if allowed is None or method["type"] in allowed:
        return
    raise invalid_request(
        f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent. Please attach a "
        f"PaymentMethod of one of the following types: {', '.join(allowed)}."
    )
