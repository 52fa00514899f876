"""Payments of the Stripe account's customers, their banks and other programs, as a driver or a test scripts them."""

from sandbox.providers import stripe_documents as documents
from sandbox.providers.journal import Json
from sandbox.providers.stripe_outcomes import APPROVE, PROCESSING, Approve, Decline, Outcome
from sandbox.providers.stripe_records import reported_elsewhere
from sandbox.providers.stripe_store import Cause, StripeFailure
from sandbox.providers.stripe_world_billing import StripeBills


class StripePurchases(StripeBills):
    """Amounts are minor units."""

    def customer_pays(self, invoice: str, amount: int | None = None, *, payment_method: str | None = None) -> None:
        """The customer pays on the hosted invoice page: all that remains, or a part (minor units)."""
        with self.acting():
            document = self.store.get("invoice", invoice)
            method = payment_method or self._some_method(document["customer"])
            cause = Cause(origin="customer")
            if amount is None:
                self.payments.collect(document, cause, payment_method=method, outcome=APPROVE)
            else:
                self.payments.pay_separately(document, amount, method, cause)

    def customer_tries(
        self, invoice: str, *, payment_method: str | None = None, outcome: Outcome | None = None
    ) -> None:
        """The customer tries to pay on the hosted invoice page, with the default card or another one; how it ends is
        the card's behaviour or the outcome."""
        self._tries(invoice, Cause(origin="customer"), payment_method, outcome)

    def other_engine_tries(self, invoice: str, outcome: Outcome | None = None) -> None:
        """Another program with the account's key calls `pay`, with a request and an idempotency key of its own."""
        cause = Cause(self.journal.new_id("req"), f"other:{invoice}", origin="engine")
        self._tries(invoice, cause, None, outcome)

    def customer_authenticates(self, invoice: str) -> None:
        """The customer passes 3-D Secure for the payment that waits for it."""
        with self.acting():
            self.payments.authenticate(self.store.get("invoice", invoice), Cause(origin="customer"))

    def customer_debits(self, invoice: str, amount: int | None = None, *, kind: str = "us_bank_account") -> str:
        """The customer pays on the hosted page from a bank account: the invoice stays open for days, with a payment
        that is `processing`. A part is a payment of its own. Returns the new payment method."""
        with self.acting():
            document = self.store.get("invoice", invoice)
            method = self.add_bank_debit(document["customer"], behaviour=PROCESSING, kind=kind, default=False)
            cause = Cause(origin="customer")
            if amount is None:
                self.payments.collect(document, cause, payment_method=method)
            else:
                self.payments.pay_separately(document, amount, method, cause, PROCESSING)
        return method

    def finish_processing(self, invoice: str, result: Approve | Decline) -> None:
        """The bank confirms or returns a debit that was processing."""
        with self.acting():
            self.payments.finish_processing(self.store.get("invoice", invoice), result, Cause())

    def customer_enters_account(self, invoice: str, *, kind: str = "us_bank_account") -> str:
        """The customer types the numbers of a bank account on the hosted page: two small deposits have to be confirmed
        before anything is debited. Returns the new payment method."""
        with self.acting():
            document = self.store.get("invoice", invoice)
            method = self.add_bank_debit(document["customer"], behaviour=PROCESSING, kind=kind, default=False)
            self.microdeposits.begin(document, self.store.objects[method], Cause(origin="customer"))
        return method

    def customer_confirms_deposits(self, invoice: str) -> None:
        """The customer confirms the deposits: the debit is on its way."""
        with self.acting():
            self.microdeposits.confirm(self.store.get("invoice", invoice), Cause(origin="customer"))

    def deposits_time_out(self, invoice: str) -> None:
        """Ten days went by without an answer."""
        with self.acting():
            self.microdeposits.time_out(self.store.get("invoice", invoice))

    def customer_takes_voucher(self, invoice: str) -> None:
        """The customer chooses OXXO on the hosted page, and gets a voucher to pay with in cash."""
        with self.acting():
            self.vouchers.take(self.store.get("invoice", invoice), Cause(origin="customer"))

    def voucher_is_paid(self, invoice: str) -> None:
        """The cash has arrived, a business day after it was paid."""
        with self.acting():
            self.vouchers.pay(self.store.get("invoice", invoice), Cause(origin="customer"))

    def voucher_expires(self, invoice: str) -> None:
        """Five days went by."""
        with self.acting():
            self.vouchers.expire(self.store.get("invoice", invoice))

    def reports_payment(self, invoice: str, amount: int) -> str:
        """The merchant's other systems attach a payment that is on its way elsewhere. Returns its record."""
        with self.acting():
            document = self.store.get("invoice", invoice)
            record = self.store.put(reported_elsewhere(self.journal, document, amount))
            self.records.attach(document, record, Cause())
        return str(record["id"])

    def reported_payment_ends(self, record: str, how: str) -> None:
        """They report what became of it: "guaranteed", "failed" or "canceled"."""
        with self.acting():
            self.records.end(self.store.get("payment_record", record), how, Cause())

    def customer_chooses_transfer(self, invoice: str) -> None:
        """The customer chooses to pay by bank transfer on the hosted page, and gets the instructions."""
        with self.acting():
            self.transfers.choose(self.store.get("invoice", invoice), Cause(origin="customer"))

    def transfer_arrives(self, invoice: str) -> None:
        """All of the money has come."""
        with self.acting():
            self.transfers.arrive(self.store.get("invoice", invoice), Cause(origin="customer"))

    def pay_out_of_band(self, invoice: str) -> None:
        """Somebody marks the invoice as paid outside Stripe."""
        with self.acting():
            self.payments.pay_out_of_band(self.store.get("invoice", invoice), Cause(origin="customer"))

    def buy_once(self, customer: str, amount: int, currency: str = "usd") -> str:
        """A one-off payment without an invoice. Returns its charge."""
        with self.acting():
            now = self.journal.timestamp()
            method = self.store.objects[self._some_method(customer)]
            intent = documents.payment_intent(
                self.journal.new_id("pi"),
                now,
                customer=customer,
                amount=amount,
                currency=currency,
                description="One-off purchase",
            )
            self.store.put(intent)
            charge = documents.charge(self.journal.new_id("ch"), now, intent=intent, method=method, amount=amount)
            charge.update(status="succeeded", paid=True, captured=True, amount_captured=amount)
            charge["outcome"] = documents.succeeded_outcome()
            intent.update(
                status="succeeded", amount_received=amount, latest_charge=charge["id"], payment_method=method["id"]
            )
            self.store.emit("charge.succeeded", self.store.put(charge), Cause(origin="customer"))
            self.store.emit("payment_intent.succeeded", intent, Cause(origin="customer"))
        return str(charge["id"])

    def open_dispute(self, invoice: str, *, reason: str = "fraudulent") -> str:
        """The customer disputes a charge of this invoice; if it has no succeeded one, the charge of an earlier,
        paid invoice of the same customer, which is made for the purpose."""
        with self.acting():
            document = self.store.get("invoice", invoice)
            charge = self._succeeded_charge(invoice)
            if charge is None:
                earlier = self.add_invoice(
                    document["customer"], amount=document["total"], currency=document["currency"]
                )
                method = self._some_method(document["customer"])
                self.payments.collect(self.store.objects[earlier], Cause(), payment_method=method, outcome=APPROVE)
                charge = self._succeeded_charge(earlier)
            if charge is None:
                raise RuntimeError("The earlier invoice has no charge to dispute.")
            dispute = self.disputes.open(charge, Cause(origin="customer"), reason=reason)
        return str(dispute["id"])

    def dispute_charge(self, charge: str, *, reason: str = "fraudulent", inquiry: bool = False) -> str:
        """The customer disputes this charge, of an invoice or not; with `inquiry` the bank only asks about it."""
        with self.acting():
            held = self.store.get("charge", charge)
            dispute = self.disputes.open(held, Cause(origin="customer"), reason=reason, inquiry=inquiry)
        return str(dispute["id"])

    def close_dispute(self, dispute: str, *, won: bool) -> None:
        """The bank decides the dispute: for the merchant (`won`) or for the cardholder."""
        with self.acting():
            self.disputes.close(self.store.get("dispute", dispute), Cause(), won=won)

    def return_debit(self, invoice: str, *, reason: str = "insufficient_funds") -> str:
        """The bank takes back a debit that had succeeded, days or weeks later. The invoice stays paid. Returns the
        dispute by which Stripe tells it."""
        with self.acting():
            charge = self._succeeded_charge(invoice)
            if charge is None:
                raise ValueError("This invoice has no succeeded charge that could come back.")
            dispute = self.disputes.return_debit(charge, Cause(), reason=reason)
        return str(dispute["id"])

    def _tries(self, invoice: str, cause: Cause, payment_method: str | None, outcome: Outcome | None) -> None:
        with self.acting():
            try:
                self.payments.collect(
                    self.store.get("invoice", invoice), cause, payment_method=payment_method, outcome=outcome
                )
            except StripeFailure as failure:
                if failure.status != 402:
                    raise

    def _succeeded_charge(self, invoice: str) -> Json | None:
        intents = {intent["id"] for intent in self.invoices.intents(self.store.get("invoice", invoice))}
        charges = reversed(self.store.of_kind("charge", self.store.get("invoice", invoice)["customer"]))
        return next((c for c in charges if c["paid"] and c["payment_intent"] in intents), None)
