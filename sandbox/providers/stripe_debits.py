"""A bank account that a customer enters on the hosted page: micro-deposits, and debits that take days."""

from sandbox.providers.journal import Json
from sandbox.providers.stripe_invoices import Invoices
from sandbox.providers.stripe_payments import InvoiceCharging
from sandbox.providers.stripe_store import Cause, StripeStore, invalid_request

_ARRIVAL = 2 * 86_400
_TIMEOUT = "payment_method_microdeposit_verification_timeout"


class Microdeposits:
    """The customer typed the account's numbers: nothing is debited before two small deposits were confirmed.

    Shape: `payment_intent.next_action.verify_with_microdeposits` of the API reference. Limits (ten days): the ACH guide
    of docs.stripe.com. Callers hold the journal's lock.
    """

    def __init__(self, store: StripeStore, invoices: Invoices, payments: InvoiceCharging) -> None:
        self._store = store
        self._invoices = invoices
        self._payments = payments

    def begin(self, invoice: Json, method: Json, cause: Cause) -> None:
        """Raises StripeFailure (400) while a payment is processing: the hosted page takes no second one."""
        intent = self._invoices.default_intent(invoice)
        if intent["status"] == "processing":
            raise invalid_request("This invoice has a payment that is still processing.")
        url = f"https://payments.stripe.com/microdeposit/{intent['client_secret']}"
        intent.update(
            status="requires_action",
            payment_method=method["id"],
            payment_method_types=[method["type"]],
            next_action={
                "type": "verify_with_microdeposits",
                "verify_with_microdeposits": {
                    "arrival_date": self._store.journal.timestamp() + _ARRIVAL,
                    "hosted_verification_url": url,
                    "microdeposit_type": "descriptor_code",
                },
            },
        )
        self._store.emit("payment_intent.requires_action", intent, cause)
        self._store.emit("invoice.payment_action_required", invoice, cause)

    def confirm(self, invoice: Json, cause: Cause) -> None:
        """The customer types what arrived: the debit is sent."""
        intent = self._waiting(invoice)
        method = self._store.get("payment_method", intent["payment_method"])
        self._invoices.begin_attempt(invoice, cause)
        self._payments.process(invoice, intent, method, cause)

    def time_out(self, invoice: Json) -> None:
        """Ten days without an answer."""
        self._invoices.wait_is_over(invoice, self._waiting(invoice), _TIMEOUT, "Microdeposit verification timed out.")

    def _waiting(self, invoice: Json) -> Json:
        intent = self._invoices.default_intent(invoice)
        if (intent["next_action"] or {}).get("type") != "verify_with_microdeposits":
            raise ValueError("No payment of this invoice waits for micro-deposits.")
        return intent
