"""What a customer takes on the hosted page and pays elsewhere: vouchers in cash, and bank transfers."""

from sandbox.providers.journal import Json
from sandbox.providers.stripe_invoices import Invoices
from sandbox.providers.stripe_outcomes import APPROVE
from sandbox.providers.stripe_payments import InvoiceCharging
from sandbox.providers.stripe_store import Cause, StripeStore

_LASTS = 5 * 86_400
_VOUCHER = "oxxo_display_details"
_TRANSFER = "display_bank_transfer_instructions"
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
        secret = self._invoices.default_intent(invoice)["client_secret"]
        shown = {
            "expires_after": self._store.journal.timestamp() + _LASTS,
            "hosted_voucher_url": f"https://payments.stripe.com/oxxo/voucher/{secret}",
            "number": "12345678901234657890123456789012",
        }
        _wait(self._store, self._invoices.default_intent(invoice), "oxxo", _VOUCHER, shown, cause)

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
        if (intent["next_action"] or {}).get("type") != _VOUCHER:
            raise ValueError("No payment of this invoice waits for its voucher to be paid.")
        return intent


class BankTransfers:
    """From the customer's cash balance, which a transfer to an account of Stripe's fills. The instructions do not
    expire; an invoice stays open until incoming funds cover all of it.

    (docs.stripe.com/payments/bank-transfers/accept-a-payment;
    `payment_intent.next_action.display_bank_transfer_instructions` of the API reference.) Callers hold the journal's
    lock.
    """

    def __init__(self, store: StripeStore, invoices: Invoices, payments: InvoiceCharging) -> None:
        self._store = store
        self._invoices = invoices
        self._payments = payments

    def choose(self, invoice: Json, cause: Cause) -> None:
        shown = {
            "amount_remaining": invoice["amount_remaining"],
            "currency": invoice["currency"],
            "financial_addresses": [],
            "hosted_instructions_url": "https://payments.stripe.com/bank_transfers/instructions/test",
            "reference": "QWERTZ123456",
            "type": "us_bank_transfer",
        }
        _wait(self._store, self._invoices.default_intent(invoice), "customer_balance", _TRANSFER, shown, cause)

    def arrive(self, invoice: Json, cause: Cause) -> None:
        """All of it has come."""
        intent = self._invoices.default_intent(invoice)
        if (intent["next_action"] or {}).get("type") != _TRANSFER:
            raise ValueError("No payment of this invoice waits for a bank transfer.")
        self._payments.collect(invoice, cause, payment_method=intent["payment_method"], outcome=APPROVE)


def _wait(store: StripeStore, intent: Json, kind: str, action: str, shown: Json, cause: Cause) -> None:
    """The payment waits for what its customer does elsewhere, with a method of this kind."""
    method = store.put(
        {
            "id": store.journal.new_id("pm"),
            "object": "payment_method",
            "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
            "created": store.journal.timestamp(),
            "customer": intent["customer"] if action == _TRANSFER else None,  # the balance is the customer's own
            "livemode": False,
            "metadata": {},
            kind: {},
            "type": kind,
        }
    )
    intent.update(
        status="requires_action",
        payment_method=method["id"],
        payment_method_types=[kind],
        last_payment_error=None,
        next_action={"type": action, action: shown},
    )
    store.emit("payment_intent.requires_action", intent, cause)
