"""Charging an invoice as Stripe does: one default payment intent per invoice, one charge per attempt."""

from collections.abc import Callable

from sandbox.providers import stripe_documents as documents
from sandbox.providers.journal import Json
from sandbox.providers.stripe_outcomes import APPROVE, Approve, Decline, Outcome, Processing, RequiresAction
from sandbox.providers.stripe_store import Cause, StripeFailure, StripeStore, invalid_request

ChooseOutcome = Callable[[str], Outcome]


class InvoiceCharging:
    """Moves money on invoices. Callers hold the journal's lock; every change is journalled and becomes events."""

    def __init__(self, store: StripeStore, choose_outcome: ChooseOutcome) -> None:
        self._store = store
        self._choose_outcome = choose_outcome

    def collect(
        self,
        invoice: Json,
        cause: Cause,
        *,
        payment_method: str | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        """One attempt to charge what remains. Raises StripeFailure (402) if the charge is refused or needs the
        customer, and StripeFailure (400) if there is nothing to charge or nothing to charge with."""
        self._require_payable(invoice, cause)
        method = self._method(invoice, payment_method)
        intent = self._default_intent(invoice)
        if intent["status"] == "processing":
            raise invalid_request(
                "This invoice has a payment that is still processing. Wait for its result before paying again.",
                code="payment_intent_unexpected_state",
            )
        amount = invoice["amount_remaining"]
        intent.update(
            amount=amount, payment_method=method["id"], payment_method_types=[method["type"]], next_action=None
        )
        invoice["attempted"] = True
        answer = outcome if outcome is not None else self._choose_outcome(method["id"])
        if isinstance(answer, RequiresAction):
            self._needs_action(invoice, intent, cause)
            return
        charge = self._charge(intent, method, amount)
        if isinstance(answer, Approve):
            self._succeeded(invoice, intent, charge, cause)
        elif isinstance(answer, Processing):
            intent.update(status="processing", processing={"type": method["type"]})
            self._note("charge.processing", invoice, charge, cause)
            self._store.emit("payment_intent.processing", intent, cause)
        else:
            self._refused(invoice, intent, charge, method, answer, cause)

    def pay_separately(self, invoice: Json, amount: int, payment_method: str, cause: Cause) -> None:
        """A customer's own payment of a part: a payment of its own beside the default one."""
        self._require_payable(invoice, cause)
        if not 0 < amount <= invoice["amount_remaining"]:
            raise ValueError(
                f"The payment must be between 1 and the {invoice['amount_remaining']} that remain; it is {amount}."
            )
        method = self._store.get("payment_method", payment_method)
        intent = self._new_intent(invoice, amount, is_default=False)
        intent.update(payment_method=method["id"], payment_method_types=[method["type"]])
        charge = self._charge(intent, method, amount)
        self._succeeded(invoice, intent, charge, cause)

    def authenticate(self, invoice: Json, cause: Cause) -> None:
        """The customer passes 3-D Secure on the hosted page: the waiting payment goes through."""
        intent = self._default_intent(invoice)
        method: str | None = intent["payment_method"]
        if method is None and intent["last_payment_error"] is not None:
            method = intent["last_payment_error"]["payment_method"]["id"]
        if method is None:
            raise ValueError("There is no payment to authenticate: nothing was tried on this invoice yet.")
        self.collect(invoice, cause, payment_method=method, outcome=APPROVE)

    def finish_processing(self, invoice: Json, result: Approve | Decline, cause: Cause) -> None:
        """The bank confirms or returns a debit that was processing."""
        intent = self._default_intent(invoice)
        if intent["status"] != "processing":
            raise ValueError("No payment of this invoice is processing.")
        charge = self._store.get("charge", intent["latest_charge"])
        method = self._store.get("payment_method", intent["payment_method"])
        intent["processing"] = None
        if isinstance(result, Approve):
            self._succeeded(invoice, intent, charge, cause)
            return
        try:
            self._refused(invoice, intent, charge, method, result, cause)
        except StripeFailure:
            return  # there is no request waiting for this answer: the events carry it

    def pay_out_of_band(self, invoice: Json, cause: Cause) -> None:
        self._require_payable(invoice, cause)
        invoice["amount_paid_off_stripe"] += invoice["amount_remaining"]
        self.settle(invoice, "invoice.paid_out_of_band", cause)

    def settle(self, invoice: Json, kind: str, cause: Cause) -> None:
        """Mark the invoice as paid, and bring its subscription back to active."""
        previous = {"status": invoice["status"], "amount_remaining": invoice["amount_remaining"]}
        invoice.update(status="paid", amount_remaining=0, auto_advance=False, next_payment_attempt=None)
        invoice["status_transitions"]["paid_at"] = self._store.journal.timestamp()
        invoice["status_details"]["uncollectible"] = None
        default = self._store.default_payment(invoice["id"])
        if default["status"] == "open":
            self._cancel_payment(default)
        self._note(kind, invoice, None, cause)
        self._store.emit("invoice.updated", invoice, cause, previous)
        self._store.emit("invoice.paid", invoice, cause)
        if kind == "invoice.paid":
            self._store.emit("invoice.payment_succeeded", invoice, cause)
        self._set_subscription_status(invoice, "past_due", "active", cause)

    def sync_default_payment(self, invoice: Json) -> None:
        """Keep the default payment at what remains, after a part payment or a credit note."""
        default = self._store.default_payment(invoice["id"])
        if default["status"] == "open":
            default["amount_requested"] = invoice["amount_remaining"]
            self._store.objects[default["payment"]["payment_intent"]]["amount"] = invoice["amount_remaining"]

    def prepare(self, invoice: Json) -> None:
        """What finalising an invoice does: make its default payment and payment intent."""
        self._new_intent(invoice, invoice["amount_remaining"], is_default=True)

    def cancel_open_payment(self, invoice: Json) -> None:
        """What voiding an invoice does to its payment intent."""
        default = self._store.default_payment(invoice["id"])
        if default["status"] == "open":
            self._cancel_payment(default)

    def _require_payable(self, invoice: Json, cause: Cause) -> None:
        # Stripe lets an uncollectible invoice be paid after all; a void one never.
        if invoice["status"] in ("open", "uncollectible"):
            return
        self._note("charge.refused", invoice, None, cause)
        raise invalid_request(
            "Invoice is already paid" if invoice["status"] == "paid" else "This invoice can no longer be paid"
        )

    def _cancel_payment(self, payment: Json) -> None:
        now = self._store.journal.timestamp()
        payment["status"] = "canceled"
        payment["status_transitions"]["canceled_at"] = now
        self._store.objects[payment["payment"]["payment_intent"]].update(
            status="canceled", canceled_at=now, cancellation_reason="void_invoice"
        )

    def _new_intent(self, invoice: Json, amount: int, *, is_default: bool) -> Json:
        journal = self._store.journal
        intent = documents.payment_intent(journal.new_id("pi"), journal.timestamp(), invoice=invoice, amount=amount)
        self._store.put(intent)
        self._store.put(
            documents.invoice_payment(
                journal.new_id("inpay"),
                journal.timestamp(),
                invoice=invoice,
                payment_intent=intent["id"],
                amount=amount,
                is_default=is_default,
            )
        )
        return intent

    def _default_intent(self, invoice: Json) -> Json:
        return self._store.objects[self._store.default_payment(invoice["id"])["payment"]["payment_intent"]]

    def _method(self, invoice: Json, wanted: str | None) -> Json:
        if wanted is not None:
            method = self._store.get("payment_method", wanted, param="payment_method", status=400)
            if method["customer"] != invoice["customer"]:
                raise invalid_request(
                    "The customer does not have a payment method with the ID "
                    f"{wanted}. The payment method must be attached to the customer.",
                    code="resource_missing",
                    param="payment_method",
                )
            return method
        for candidate in self._defaults(invoice):
            if candidate is not None and self._store.objects[candidate]["customer"] is not None:
                return self._store.objects[candidate]
        raise invalid_request(
            "This customer has no attached payment source or default payment method. Please consider adding a "
            "default payment method.",
            code="resource_missing",
        )

    def _defaults(self, invoice: Json) -> list[str | None]:
        """Stripe's order of preference (rules.md 2.2)."""
        parent = invoice["parent"]
        subscription = parent and self._store.objects[parent["subscription_details"]["subscription"]]
        customer = self._store.objects[invoice["customer"]]
        return [
            invoice["default_payment_method"],
            subscription["default_payment_method"] if subscription else None,
            customer["invoice_settings"]["default_payment_method"],
        ]

    def _charge(self, intent: Json, method: Json, amount: int) -> Json:
        journal = self._store.journal
        charge = documents.charge(
            journal.new_id("ch"), journal.timestamp(), intent=intent, method=method, amount=amount
        )
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
        payment = next(
            p for p in self._store.payments_of(invoice["id"]) if p["payment"]["payment_intent"] == intent["id"]
        )
        payment.update(status="paid", amount_paid=amount)
        payment["status_transitions"]["paid_at"] = self._store.journal.timestamp()
        invoice["amount_paid"] += amount
        invoice["amount_remaining"] -= amount
        self._note("charge.succeeded", invoice, charge, cause)
        self._store.emit("charge.succeeded", charge, cause)
        self._store.emit("payment_intent.succeeded", intent, cause)
        self._store.emit("invoice_payment.paid", payment, cause)
        if invoice["amount_remaining"] == 0:
            self.settle(invoice, "invoice.paid", cause)
        else:
            self.sync_default_payment(invoice)
            self._store.emit(
                "invoice.updated", invoice, cause, {"amount_remaining": invoice["amount_remaining"] + amount}
            )

    def _refused(self, invoice: Json, intent: Json, charge: Json, method: Json, decline: Decline, cause: Cause) -> None:
        error = documents.payment_error(decline, charge_id=charge["id"], method=method)
        charge.update(
            status="failed",
            failure_code=error["code"],
            failure_message=error["message"],
            outcome=documents.declined_outcome(decline),
        )
        intent.update(status="requires_payment_method", payment_method=None, last_payment_error=error)
        self._note("charge.failed", invoice, charge, cause, decline_code=decline.decline_code)
        self._store.emit("charge.failed", charge, cause)
        self._store.emit("payment_intent.payment_failed", intent, cause)
        self._payment_failed(invoice, cause)
        raise StripeFailure(402, {**error, "payment_intent": self._store.view(intent)})

    def _needs_action(self, invoice: Json, intent: Json, cause: Cause) -> None:
        intent.update(
            status="requires_action",
            next_action={"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}},
        )
        self._note("payment.requires_action", invoice, None, cause)
        self._store.emit("payment_intent.requires_action", intent, cause)
        self._store.emit("invoice.payment_action_required", invoice, cause)
        self._payment_failed(invoice, cause)
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

    def _payment_failed(self, invoice: Json, cause: Cause) -> None:
        # Only Stripe's own attempts count: attempt_count leaves manual ones out (rules.md 2.2).
        if cause.origin == "automatic":
            invoice["attempt_count"] += 1
        self._store.emit("invoice.payment_failed", invoice, cause)
        self._set_subscription_status(invoice, "active", "past_due", cause)

    def _set_subscription_status(self, invoice: Json, before: str, after: str, cause: Cause) -> None:
        if invoice["parent"] is None:
            return
        subscription = self._store.objects[invoice["parent"]["subscription_details"]["subscription"]]
        if subscription["status"] == before:
            subscription["status"] = after
            self._store.emit("customer.subscription.updated", subscription, cause, {"status": before})

    def _note(
        self,
        kind: str,
        invoice: Json,
        charge: Json | None,
        cause: Cause,
        decline_code: str | None = None,
    ) -> None:
        data: Json = {
            "origin": cause.origin,
            "currency": invoice["currency"],
            "amount_remaining": invoice["amount_remaining"],
            "status": invoice["status"],
        }
        if charge is not None:
            details = charge["payment_method_details"]
            method = details[details["type"]]
            data |= {
                "amount": charge["amount"],
                "brand": method.get("brand", details["type"]),
                "fingerprint": method["fingerprint"],
                "decline_code": decline_code,
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
