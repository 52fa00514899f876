"""Charging an invoice as Stripe does: one default payment intent per invoice, one charge per attempt."""

from collections.abc import Callable

from sandbox.providers import stripe_documents as documents
from sandbox.providers.journal import Json
from sandbox.providers.stripe_choice import MethodChoice
from sandbox.providers.stripe_invoices import Invoices
from sandbox.providers.stripe_limits import below_minimum, too_small
from sandbox.providers.stripe_outcomes import APPROVE, Approve, Decline, Outcome, Processing, RequiresAction
from sandbox.providers.stripe_records import paid_elsewhere
from sandbox.providers.stripe_store import Cause, StripeFailure, StripeStore, invalid_request

ChooseOutcome = Callable[[str], Outcome]

# The declines after which Stripe schedules retries and does not execute them (rules.md 2.1, "hard decline codes").
_NEVER_RETRIED = frozenset(
    {
        "incorrect_number",
        "lost_card",
        "pickup_card",
        "stolen_card",
        "revocation_of_authorization",
        "revocation_of_all_authorizations",
        "authentication_required",
        "highest_risk_level",
        "transaction_not_allowed",
    }
)
# A card issued in India is charged a day after its holder was told (docs.stripe.com/india-recurring-payments).
_INDIAN_NOTICE = 24 * 3600


class InvoiceCharging:
    """Moves money on invoices. Callers hold the journal's lock; every change is journalled and becomes events."""

    def __init__(self, store: StripeStore, invoices: Invoices, choose_outcome: ChooseOutcome) -> None:
        self._store = store
        self._invoices = invoices
        self._choose_outcome = choose_outcome
        self.methods = MethodChoice(store)

    def collect(
        self,
        invoice: Json,
        cause: Cause,
        *,
        payment_method: str | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        """One attempt to charge what remains, off session or on. `collection_method` does not matter: Stripe charges
        a sent invoice too, when it is asked to. Raises StripeFailure (402) if the charge is refused or needs the
        customer, and StripeFailure (400) if there is nothing to charge or nothing to charge with."""
        self._require_payable(invoice, cause)
        method = self.methods.for_invoice(invoice, payment_method)
        intent = self._invoices.default_intent(invoice)
        if intent["status"] == "processing":
            raise invalid_request(
                "This invoice has a payment that is still processing. Wait for its result before paying again.",
                code="payment_intent_unexpected_state",
            )
        if below_minimum(invoice["amount_remaining"], invoice["currency"]):
            raise too_small(invoice["currency"])
        intent["amount"] = invoice["amount_remaining"]
        self._attempt(invoice, intent, method, cause, outcome)

    def is_futile(self, invoice: Json) -> bool:
        """Whether Stripe's own retry is only counted: there is nothing to charge, a card issued in India, or the method
        that was refused for good (rules.md 2.1)."""
        if not invoice["attempted"]:
            return False
        try:
            method = self.methods.for_invoice(invoice, None)
        except StripeFailure:
            return True
        if method["type"] == "card" and method["card"]["country"] == "IN":
            return True
        latest = self._invoices.default_intent(invoice)["latest_charge"]
        refused = self._store.objects[latest] if latest else None
        if refused is None or refused["outcome"]["reason"] not in _NEVER_RETRIED:
            return False
        return bool(refused["payment_method"] == method["id"])

    def pay_separately(
        self, invoice: Json, amount: int, payment_method: str, cause: Cause, outcome: Outcome = APPROVE
    ) -> None:
        """A customer's own payment of a part: a payment of its own beside the default one."""
        self._require_payable(invoice, cause)
        if not 0 < amount <= invoice["amount_remaining"]:
            raise ValueError(
                f"The payment must be between 1 and the {invoice['amount_remaining']} that remain; it is {amount}."
            )
        method = self._store.get("payment_method", payment_method)
        intent = self._invoices.new_intent(invoice, amount, is_default=False)
        self._attempt(invoice, intent, method, cause, outcome)

    def authenticate(self, invoice: Json, cause: Cause) -> None:
        """The customer passes 3-D Secure on the hosted page: the waiting payment goes through."""
        intent = self._invoices.default_intent(invoice)
        method: str | None = intent["payment_method"]
        if method is None and intent["last_payment_error"] is not None:
            method = intent["last_payment_error"]["payment_method"]["id"]
        if method is None:
            raise ValueError("There is no payment to authenticate: nothing was tried on this invoice yet.")
        self.collect(invoice, cause, payment_method=method, outcome=APPROVE)

    def process(self, invoice: Json, intent: Json, method: Json, cause: Cause) -> None:
        """Send a payment to the bank that answers later. The invoice stays open, whoever began it."""
        charge = self._charge(intent, method)
        notice = None
        if method["type"] == "card":
            completes = self._store.journal.timestamp() + _INDIAN_NOTICE
            told = {"approval_requested": False, "completes_at": completes}
            notice = {"type": "card", "card": {"customer_notification": told}}
        intent.update(status="processing", next_action=None, processing=notice)
        self._note("charge.processing", invoice, charge, cause)
        self._store.emit("charge.pending", charge, cause)
        self._store.emit("payment_intent.processing", intent, cause)

    def finish_processing(self, invoice: Json, result: Approve | Decline, cause: Cause) -> None:
        """The bank confirms or returns the newest payment of the invoice that is processing."""
        intent = next((i for i in self._invoices.intents(invoice) if i["status"] == "processing"), None)
        if intent is None:
            raise ValueError("No payment of this invoice is processing.")
        charge = self._store.get("charge", intent["latest_charge"])
        method = self._store.get("payment_method", intent["payment_method"])
        intent["processing"] = None
        if isinstance(result, Approve):
            self._succeeded(invoice, intent, charge, cause)
            return
        if method["type"] == "us_bank_account":
            _block(method, result)
        try:
            self._refused(invoice, intent, charge, method, result, cause)
        except StripeFailure:
            return  # there is no request waiting for this answer: the events carry it

    def pay_out_of_band(self, invoice: Json, cause: Cause) -> None:
        """All that remains came in elsewhere. `amount_paid` counts it (changelog basil 2025-03-31), as a payment record
        (`amount_paid_off_stripe` is computed from those: changelog dahlia 2026-05-27)."""
        self._require_payable(invoice, cause)
        record = self._store.put(paid_elsewhere(self._store.journal, invoice, invoice["amount_remaining"]))
        payment = self._invoices.add_payment(invoice, record, invoice["amount_remaining"], is_default=False)
        self._invoices.pay_in(invoice, payment, invoice["amount_remaining"], cause)

    def _require_payable(self, invoice: Json, cause: Cause) -> None:
        # Stripe lets an uncollectible invoice be paid after all; a void one never.
        if invoice["status"] in ("open", "uncollectible"):
            return
        self._note("charge.refused", invoice, None, cause)
        raise invalid_request(
            "Invoice is already paid" if invoice["status"] == "paid" else "This invoice can no longer be paid"
        )

    def _attempt(self, invoice: Json, intent: Json, method: Json, cause: Cause, outcome: Outcome | None) -> None:
        intent.update(payment_method=method["id"], payment_method_types=[method["type"]], next_action=None)
        self._invoices.begin_attempt(invoice, cause)
        answer = outcome if outcome is not None else _blocked(method) or self._choose_outcome(method["id"])
        if isinstance(answer, RequiresAction):
            self._needs_action(invoice, intent, cause)
        elif isinstance(answer, Approve):
            self._succeeded(invoice, intent, self._charge(intent, method), cause)
        elif isinstance(answer, Processing):
            self.process(invoice, intent, method, cause)
        else:
            self._refused(invoice, intent, self._charge(intent, method), method, answer, cause)

    def _charge(self, intent: Json, method: Json) -> Json:
        journal = self._store.journal
        # Only charges of cards have ids with `ch_` (a SEPA charge in invoiceninja issue 7420 has `py_`).
        id_ = journal.new_id("ch" if method["type"] == "card" else "py")
        charge = documents.charge(id_, journal.timestamp(), intent=intent, method=method, amount=intent["amount"])
        intent["latest_charge"] = charge["id"]
        return self._store.put(charge)

    def _succeeded(self, invoice: Json, intent: Json, charge: Json, cause: Cause) -> None:
        amount = charge["amount"]
        charge.update(
            status="succeeded",
            paid=True,
            captured=True,
            amount_captured=amount,
            outcome=documents.succeeded_outcome(),
        )
        intent.update(
            status="succeeded",
            amount_received=amount,
            last_payment_error=None,
            next_action=None,
            latest_charge=charge["id"],
        )
        payment = self._store.of_kind("invoice_payment", intent["id"])[0]
        self._note("charge.succeeded", invoice, charge, cause, remaining=max(0, invoice["amount_remaining"] - amount))
        self._store.emit("charge.succeeded", charge, cause)
        self._store.emit("payment_intent.succeeded", intent, cause)
        self._invoices.pay_in(invoice, payment, amount, cause)

    def _refused(self, invoice: Json, intent: Json, charge: Json, method: Json, decline: Decline, cause: Cause) -> None:
        """`invoice.payment_failed` is sent for the default payment; for a separate one it was not found documented."""
        error = documents.payment_error(decline, charge_id=charge["id"], method=method)
        charge.update(
            status="failed",
            failure_code=error["code"],
            failure_message=error["message"],
            outcome=documents.declined_outcome(decline),
        )
        intent.update(status="requires_payment_method", payment_method=None, last_payment_error=error)
        self._note("charge.failed", invoice, charge, cause, decline=decline)
        self._store.emit("charge.failed", charge, cause)
        self._store.emit("payment_intent.payment_failed", intent, cause)
        if self._store.of_kind("invoice_payment", intent["id"])[0]["is_default"]:
            self._invoices.attempt_failed(invoice, cause)
        raise StripeFailure(402, {**error, "payment_intent": self._store.view(intent)})

    def _needs_action(self, invoice: Json, intent: Json, cause: Cause) -> None:
        intent.update(
            status="requires_action",
            next_action={"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}},
        )
        self._note("charge.requires_action", invoice, None, cause)
        self._store.emit("payment_intent.requires_action", intent, cause)
        self._store.emit("invoice.payment_action_required", invoice, cause)
        self._invoices.attempt_failed(invoice, cause)
        raise StripeFailure(
            402,
            {
                "code": "invoice_payment_intent_requires_action",
                "doc_url": "https://docs.stripe.com/error-codes/invoice-payment-intent-requires-action",
                "message": "This payment requires additional user action before it can be completed successfully. "
                "Payment can be completed using the PaymentIntent associated with the invoice.",
                "payment_intent": self._store.view(intent),
                "type": "card_error",
            },
        )

    def _note(
        self,
        kind: str,
        invoice: Json,
        charge: Json | None,
        cause: Cause,
        decline: Decline | None = None,
        remaining: int | None = None,
    ) -> None:
        data: Json = {
            "origin": cause.origin,
            "currency": invoice["currency"],
            "amount_remaining": invoice["amount_remaining"] if remaining is None else remaining,
            "status": invoice["status"],
        }
        if charge is not None:
            details = charge["payment_method_details"]
            method = details[details["type"]]
            data |= {
                "amount": charge["amount"],
                "brand": method.get("brand", details["type"]),
                "fingerprint": method.get("fingerprint"),
                "country": method.get("country"),
                "decline_code": decline and decline.decline_code,
                "network_advice": decline and decline.network_advice_code,
            }
        self._store.journal.record(
            "stripe",
            kind,
            {
                "invoice": invoice["id"],
                "customer": invoice["customer"],
                "charge": charge["id"] if charge else None,
                "payment_intent": charge["payment_intent"] if charge else None,
                "payment_method": charge["payment_method"] if charge else None,
            },
            key=cause.key,
            data=data,
        )


def _block(method: Json, decline: Decline) -> None:
    """An ACH return for another reason than funds blocks the account (docs.stripe.com, "Blocked bank accounts")."""
    if decline.decline_code != "insufficient_funds":
        reason = {"network_code": decline.network_decline_code, "reason": decline.decline_code}
        method["us_bank_account"]["status_details"] = {"blocked": reason}


def _blocked(method: Json) -> Decline | None:
    """A payment from a blocked account fails before it reaches the network, with a code of its own in
    `last_payment_error` (support.stripe.com, "Blocked ACH Direct Debit payments")."""
    if method["type"] != "us_bank_account" or not method["us_bank_account"]["status_details"]:
        return None
    reason = method["us_bank_account"]["status_details"]["blocked"]["reason"]
    return Decline(reason, blocked=True, code="payment_method_bank_account_blocked")
