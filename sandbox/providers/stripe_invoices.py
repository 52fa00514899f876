"""An invoice's own life: finalised, attempted, paid in one or several payments."""

from dataclasses import dataclass

from sandbox.providers import stripe_documents as documents
from sandbox.providers.journal import Json
from sandbox.providers.stripe_limits import below_minimum
from sandbox.providers.stripe_store import Cause, StripeStore

_DAY = 86_400
_UNPAID = ("incomplete", "past_due", "unpaid")


@dataclass
class RetrySchedule:
    """Stripe's own retries (off by default): days from each failed automatic attempt to the next one.

    automations: the merchant made the rule in Billing automations; then `invoice.payment_failed` does not have the next
    attempt's time, only the `invoice.updated` after it (rules.md 2.2).
    """

    days: tuple[int, ...] = ()
    automations: bool = False

    def wait(self, attempts: int) -> int | None:
        """Seconds until the attempt after this many; None when it was the last."""
        return self.days[attempts - 1] * _DAY if 0 < attempts <= len(self.days) else None


class Invoices:
    """Callers hold the journal's lock; every change is journalled and becomes events."""

    def __init__(self, store: StripeStore) -> None:
        self._store = store
        self.retries = RetrySchedule()

    def finalize(self, invoice: Json, cause: Cause) -> None:
        """Put the customer's balance to the invoice and make its default payment; with nothing due it is paid at once.

        `amount_due` is 0 when credit covers the total or when what is due is below the minimum charge, which then
        stays on the balance (API reference: `amount_due`, `starting_balance`, `customer.balance`).
        """
        customer = self._store.objects[invoice["customer"]]
        due = invoice["total"] + customer["balance"]
        carried = due if due <= 0 or below_minimum(due, invoice["currency"]) else 0
        due -= carried
        invoice.update(
            starting_balance=customer["balance"], ending_balance=carried, amount_due=due, amount_remaining=due
        )
        customer.update(balance=carried, currency=customer["currency"] or invoice["currency"])
        self._store.put(invoice)
        if due:
            self.new_intent(invoice, due, is_default=True)
        if (subscription := self._store.subscription_of(invoice)) is not None:
            subscription["latest_invoice"] = invoice["id"]
        self.note("invoice.finalized", invoice, cause)
        for type_ in ("invoice.created", "invoice.finalized"):
            self._store.emit(type_, invoice, cause)
        if not due:
            invoice["attempted"] = True
            self.settle(invoice, "invoice.paid", cause)

    def new_intent(self, invoice: Json, amount: int, *, is_default: bool) -> Json:
        """A payment intent as a payment of the invoice."""
        journal = self._store.journal
        intent = documents.payment_intent(
            journal.new_id("pi"),
            journal.timestamp(),
            customer=invoice["customer"],
            amount=amount,
            currency=invoice["currency"],
            description="Subscription update" if invoice["parent"] else None,
        )
        self._store.put(intent)
        self.add_payment(invoice, intent, amount, is_default=is_default)
        return intent

    def add_payment(self, invoice: Json, payment: Json, amount: int, *, is_default: bool) -> Json:
        """The open invoice payment that ties a payment intent or a payment record to the invoice."""
        journal = self._store.journal
        return self._store.put(
            documents.invoice_payment(
                journal.new_id("inpay"),
                journal.timestamp(),
                invoice=invoice,
                payment=payment,
                amount=amount,
                is_default=is_default,
            )
        )

    def default_intent(self, invoice: Json) -> Json:
        return self._store.objects[self._store.default_payment(invoice["id"])["payment"]["payment_intent"]]

    def intents(self, invoice: Json) -> list[Json]:
        """The payment intents of the invoice, the newest first."""
        payments = self._store.payments_of(invoice["id"])
        return [
            self._store.objects[p["payment"]["payment_intent"]] for p in payments if "payment_intent" in p["payment"]
        ]

    def sync_default_payment(self, invoice: Json) -> None:
        """Keep the default payment at what remains, after a part payment or a credit note."""
        default = self._store.default_payment(invoice["id"])
        intent = self._store.objects[default["payment"]["payment_intent"]]
        if default["status"] == "open" and intent["status"] != "processing":
            default["amount_requested"] = intent["amount"] = invoice["amount_remaining"]

    def cancel_open_payment(self, invoice: Json) -> None:
        """What voiding an invoice does to its payment intent."""
        default = next((p for p in self._store.payments_of(invoice["id"]) if p["is_default"]), None)
        if default is None or default["status"] != "open":
            return
        now = self._store.journal.timestamp()
        default["status"] = "canceled"
        default["status_transitions"]["canceled_at"] = now
        self._store.objects[default["payment"]["payment_intent"]].update(
            status="canceled", canceled_at=now, cancellation_reason="void_invoice"
        )

    def pay_in(self, invoice: Json, payment: Json, amount: int, cause: Cause) -> None:
        """Credit a payment that has succeeded: the invoice is paid when nothing remains, and what is too much goes to
        the customer's balance (API reference: `amount_overpaid`)."""
        credited = min(amount, invoice["amount_remaining"])
        payment.update(status="paid", amount_paid=credited)
        payment["status_transitions"]["paid_at"] = self._store.journal.timestamp()
        invoice["amount_paid"] += credited
        invoice["amount_remaining"] -= credited
        self._store.emit("invoice_payment.paid", payment, cause)
        self._overpay(invoice, amount - credited)
        if invoice["amount_remaining"]:
            self.sync_default_payment(invoice)
            before = {"amount_remaining": invoice["amount_remaining"] + credited}
            self._store.emit("invoice.updated", invoice, cause, before)
        elif invoice["status"] != "paid":
            off_stripe = payment["payment"]["type"] == "payment_record"
            self.settle(invoice, "invoice.paid_out_of_band" if off_stripe else "invoice.paid", cause)
        if amount > credited:
            self._store.emit("invoice.overpaid", invoice, cause)

    def _overpay(self, invoice: Json, excess: int) -> None:
        invoice["amount_overpaid"] += excess
        customer = self._store.objects[invoice["customer"]]
        if not customer.get("deleted"):
            customer["balance"] -= excess

    def settle(self, invoice: Json, kind: str, cause: Cause) -> None:
        """Mark the invoice as paid, and bring its subscription to active."""
        invoice.update(status="paid", amount_remaining=0, auto_advance=False, next_payment_attempt=None)
        invoice["status_transitions"]["paid_at"] = self._store.journal.timestamp()
        self.set_delinquent(invoice, False)
        self.note(kind, invoice, cause)
        self._store.emit("invoice.paid", invoice, cause)
        if kind == "invoice.paid":
            self._store.emit("invoice.payment_succeeded", invoice, cause)
        self.set_subscription_status(invoice, _UNPAID, "active", cause)

    def begin_attempt(self, invoice: Json, cause: Cause) -> None:
        """Count the attempt. The first one counts when Stripe or an API call makes it, later ones only when Stripe
        retries (API reference: `attempt_count`); a payment on the hosted page never does (public events of 2025)."""
        first, invoice["attempted"] = not invoice["attempted"], True
        if cause.origin == "automatic" or (first and cause.origin != "customer"):
            invoice["attempt_count"] += 1

    def attempt_failed(self, invoice: Json, cause: Cause) -> None:
        automatic = cause.origin == "automatic"
        if automatic:
            self.set_delinquent(invoice, True)
            invoice["next_payment_attempt"] = None
            if not self.retries.automations:
                self.plan_retry(invoice)
        self._store.emit("invoice.payment_failed", invoice, cause)
        if automatic and self.retries.automations:
            self.plan_retry(invoice)
            self._store.emit("invoice.updated", invoice, cause, {"next_payment_attempt": None})
        self.set_subscription_status(invoice, ("active",), "past_due", cause)

    def wait_is_over(self, invoice: Json, intent: Json, code: str, message: str) -> None:
        """The customer did not do in time what the payment waited for: it needs another method."""
        error = {
            "code": code,
            "doc_url": f"https://docs.stripe.com/error-codes/{code.replace('_', '-')}",
            "message": message,
            "payment_method": self._store.view(self._store.objects[intent["payment_method"]]),
            "type": "invalid_request_error",
        }
        intent.update(status="requires_payment_method", payment_method=None, next_action=None, last_payment_error=error)
        self._store.emit("payment_intent.payment_failed", intent, Cause())
        self.attempt_failed(invoice, Cause(origin="customer"))

    def count_futile_retry(self, invoice: Json, cause: Cause) -> None:
        """A retry that Stripe had planned and does not execute: only the count and the next time change."""
        before = {name: invoice[name] for name in ("attempt_count", "next_payment_attempt")}
        invoice["attempt_count"] += 1
        self.plan_retry(invoice)
        self._store.emit("invoice.updated", invoice, cause, before)

    def plan_retry(self, invoice: Json) -> None:
        """Set `next_payment_attempt` by the account's retry schedule; null when it is off or used up."""
        wait = self.retries.wait(invoice["attempt_count"]) if invoice["auto_advance"] else None
        invoice["next_payment_attempt"] = None if wait is None else self._store.journal.timestamp() + wait

    def plan_retry_for(self, invoice: Json, at: int, cause: Cause) -> None:
        """Set `next_payment_attempt` to a Unix time."""
        before = {"next_payment_attempt": invoice["next_payment_attempt"]}
        invoice["next_payment_attempt"] = at
        self._store.emit("invoice.updated", invoice, cause, before)

    def stop_collection(self, invoice: Json, cause: Cause) -> None:
        """Turn off automatic collection of an open invoice (`auto_advance`)."""
        if invoice["status"] != "open" or not invoice["auto_advance"]:
            return
        before = {name: invoice[name] for name in ("auto_advance", "next_payment_attempt")}
        invoice.update(auto_advance=False, next_payment_attempt=None)
        self._store.emit("invoice.updated", invoice, cause, before)

    def set_delinquent(self, invoice: Json, owes: bool) -> None:
        """What the last change of any of its invoices says of the customer (API reference: `customer.delinquent`)."""
        customer = self._store.objects[invoice["customer"]]
        if not customer.get("deleted"):
            customer["delinquent"] = owes

    def set_subscription_status(self, invoice: Json, before: tuple[str, ...], after: str, cause: Cause) -> None:
        subscription = self._store.subscription_of(invoice)
        if subscription is not None and subscription["status"] in before:
            previous = {"status": subscription["status"]}
            subscription["status"] = after
            self._store.emit("customer.subscription.updated", subscription, cause, previous)

    def note(self, kind: str, invoice: Json, cause: Cause, amount: int | None = None) -> None:
        """Write into the journal what became of the invoice."""
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
