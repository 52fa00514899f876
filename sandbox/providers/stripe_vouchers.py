"""A voucher that a customer takes on the hosted page, and pays in cash at a shop: Stripe knows a business day later."""

from sandbox.providers.journal import Json
from sandbox.providers.stripe_invoices import Invoices
from sandbox.providers.stripe_outcomes import APPROVE
from sandbox.providers.stripe_payments import InvoiceCharging
from sandbox.providers.stripe_store import Cause, StripeStore

_LASTS = 5 * 86_400
_EXPIRED = "payment_intent_payment_attempt_expired"


class Vouchers:
    """OXXO's, which last five days. Until then the payment waits (`requires_action`), and nothing tells whether the
    customer has been at the shop; `invoice.payment_action_required` was not found documented for the hosted page.

    (docs.stripe.com/payments/oxxo; `payment_intent.next_action.oxxo_display_details` of the API reference.) Callers
    hold the journal's lock.
    """

    def __init__(self, store: StripeStore, invoices: Invoices, payments: InvoiceCharging) -> None:
        self._store = store
        self._invoices = invoices
        self._payments = payments

    def take(self, invoice: Json, cause: Cause) -> None:
        intent, journal = self._invoices.default_intent(invoice), self._store.journal
        method = self._store.put(
            {
                "id": journal.new_id("pm"),
                "object": "payment_method",
                "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
                "created": journal.timestamp(),
                "customer": None,
                "livemode": False,
                "metadata": {},
                "oxxo": {},
                "type": "oxxo",
            }
        )
        shown = {
            "expires_after": journal.timestamp() + _LASTS,
            "hosted_voucher_url": f"https://payments.stripe.com/oxxo/voucher/{intent['client_secret']}",
            "number": "12345678901234657890123456789012",
        }
        intent.update(
            status="requires_action",
            payment_method=method["id"],
            payment_method_types=["oxxo"],
            last_payment_error=None,
            next_action={"type": "oxxo_display_details", "oxxo_display_details": shown},
        )
        self._store.emit("payment_intent.requires_action", intent, cause)

    def pay(self, invoice: Json, cause: Cause) -> None:
        """The customer was at the shop, and the money has arrived."""
        intent = self._waiting(invoice)
        self._payments.process(invoice, intent, self._store.get("payment_method", intent["payment_method"]), cause)
        self._payments.finish_processing(invoice, APPROVE, cause)

    def expire(self, invoice: Json) -> None:
        """The customer was not."""
        self._invoices.wait_is_over(invoice, self._waiting(invoice), _EXPIRED, "The latest attempt to pay has expired.")

    def _waiting(self, invoice: Json) -> Json:
        intent = self._invoices.default_intent(invoice)
        if (intent["next_action"] or {}).get("type") != "oxxo_display_details":
            raise ValueError("No payment of this invoice waits for its voucher to be paid.")
        return intent
