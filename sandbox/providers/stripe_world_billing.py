"""Subscriptions and invoices of the Stripe account, as a driver or a test scripts them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sandbox.providers import stripe_objects as objects
from sandbox.providers.journal import Json
from sandbox.providers.stripe_documents import invoice as invoice_document
from sandbox.providers.stripe_outcomes import Outcome
from sandbox.providers.stripe_renewals import upcoming
from sandbox.providers.stripe_store import Cause, StripeFailure
from sandbox.providers.stripe_subscriptions import SIGN_UP_LIFETIME
from sandbox.providers.stripe_world_customers import StripeCustomers

_DAY = 86_400


class StripeBills(StripeCustomers):
    """Amounts are minor units."""

    def add_subscription(
        self,
        customer: str,
        *,
        amount: int,
        currency: str,
        id_: str | None = None,
        card: str | None = None,
        days_until_due: int | None = None,
    ) -> str:
        """An active monthly subscription; `card` becomes its own default payment method. With `days_until_due` its
        invoices are sent to the customer and never charged by Stripe itself."""
        with self.acting():
            subscription = self._new_subscription(customer, amount, currency, id_, days_until_due)
            subscription["default_payment_method"] = card
            self.store.emit("customer.subscription.created", self.store.put(subscription), Cause())
        return str(subscription["id"])

    def sign_up(self, customer: str, *, amount: int, currency: str = "usd", outcome: Outcome | None = None) -> str:
        """Somebody signs up and the first payment is tried at once: paid, the subscription is active; failed, it is
        `incomplete` and its invoice open for 23 hours. Returns the subscription; its `latest_invoice` is the first.

        outcome: how the payment ends; None asks the default card's own behaviour.
        """
        with self.acting():
            subscription = self._new_subscription(customer, amount, currency)
            subscription["status"] = "incomplete"
            self.store.emit("customer.subscription.created", self.store.put(subscription), Cause())
            invoice = self._new_invoice(customer, amount, currency, subscription, "subscription_create")
            self._collect(invoice, outcome)
        return str(subscription["id"])

    def expire_sign_up(self, subscription: str) -> None:
        """The 23 hours of an incomplete subscription are over: `incomplete_expired`, and its invoice is void."""
        with self.acting():
            self.subscriptions.expire_sign_up(self.store.get("subscription", subscription))

    def start_trial(
        self,
        customer: str,
        *,
        amount: int,
        currency: str = "usd",
        days: int = 14,
        missing_payment_method: str = "create_invoice",
    ) -> str:
        """A trial, with its first invoice over 0, which is paid at once.

        missing_payment_method: cancel, pause or create_invoice: what happens when it ends without a card.
        """
        with self.acting():
            subscription = self._new_subscription(customer, amount, currency)
            self.subscriptions.begin_trial(subscription, days, missing_payment_method)
            self.store.emit("customer.subscription.created", self.store.put(subscription), Cause())
            self._new_invoice(customer, 0, currency, subscription, "subscription_create")
        return str(subscription["id"])

    def end_trial(self, subscription: str, *, outcome: Outcome | None = None) -> str | None:
        """The trial is over: the first real invoice is charged, or what the trial's settings say of a missing card
        happens. Returns the invoice, if there is one."""
        with self.acting():
            held = self.store.get("subscription", subscription)
            customer = self.store.get("customer", held["customer"])
            named = held["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
            if named is None and self.subscriptions.end_trial_without_method(held):
                return None
            self.subscriptions.become(held, "active")
            return self._renew(held, outcome)

    def announce_renewal(self, subscription: str) -> None:
        """Some days before the next period begins (`invoice.upcoming`): how many, the account's settings say."""
        with self.acting():
            self.store.emit(
                "invoice.upcoming", upcoming(self.store, self.store.get("subscription", subscription)), Cause()
            )

    def change_price(self, subscription: str, amount: int) -> None:
        """From the next period on (minor units)."""
        with self.acting():
            self.store.get("subscription", subscription)["items"]["data"][0]["price"]["unit_amount"] = amount

    def renew(self, subscription: str, *, outcome: Outcome | None = None) -> str:
        """The next period begins: its invoice is charged, or sent when the subscription sends its invoices."""
        with self.acting():
            return self._renew(self.store.get("subscription", subscription), outcome)

    def cancel_subscription(self, subscription: str) -> None:
        """The customer, or an operator in the dashboard, cancels the subscription."""
        with self.acting():
            self.subscriptions.cancel(self.store.get("subscription", subscription), Cause(origin="customer"))

    def cancel_at_period_end(self, subscription: str) -> None:
        """The customer cancels for the end of the period that is paid or owed."""
        with self.acting():
            self.subscriptions.cancel_at_period_end(self.store.get("subscription", subscription))

    def add_invoice(
        self,
        customer: str,
        *,
        amount: int,
        currency: str = "usd",
        id_: str | None = None,
        subscription: str | None = None,
        collection_method: str = "charge_automatically",
        due_date: datetime | None = None,
        metadata: Mapping[str, str] | None = None,
        billing_reason: str | None = None,
        payment_method_types: Iterable[str] | None = None,
    ) -> str:
        """A finalised open invoice on which no payment was tried yet.

        billing_reason: without one, `subscription_cycle` with a subscription and `manual` without.
        payment_method_types: the only kinds that may pay it.
        """
        with self.acting():
            held = self.store.get("subscription", subscription) if subscription else None
            reason = billing_reason or ("subscription_cycle" if held is not None else "manual")
            due = int(due_date.timestamp()) if due_date else None
            invoice = self._new_invoice(customer, amount, currency, held, reason, id_, collection_method, due, metadata)
            if payment_method_types is not None:
                invoice["payment_settings"]["payment_method_types"] = list(payment_method_types)
        return str(invoice["id"])

    def fail_first_payment(
        self,
        customer: str,
        *,
        amount: int,
        currency: str = "usd",
        outcome: Outcome | None = None,
        id_: str | None = None,
        subscription: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """A subscription invoice whose first, automatic payment fails: it leaves a real `invoice.payment_failed`.

        outcome: how the first attempt ends; None asks the default card's own behaviour. Without `subscription`
        one is made.
        """
        with self.acting():
            subscription = subscription or self.add_subscription(customer, amount=amount, currency=currency)
            invoice_id = self.add_invoice(
                customer,
                amount=amount,
                currency=currency,
                id_=id_,
                subscription=subscription,
                metadata=metadata,
            )
            self._collect(self.store.objects[invoice_id], outcome)
        return invoice_id

    def remind_of_due_date(self, invoice: str) -> None:
        """Some days before the due date (`invoice.will_be_due`): how many, and whether at all, is a rule that the
        merchant makes in Stripe's Automations."""
        with self.acting():
            self.billing.will_be_due(self.store.get("invoice", invoice), Cause())

    def pass_due_date(self, invoice: str) -> None:
        """The due date is over (`invoice.overdue`, sent by a rule of Stripe's Automations as well)."""
        with self.acting():
            self.billing.overdue(self.store.get("invoice", invoice), Cause())

    def catch_up(self) -> None:
        """Do what the world's clock makes due: sign-ups of 23 hours expire, trials end, sent invoices become overdue,
        and Stripe's own retries are made."""
        with self.acting():
            now = self.journal.timestamp()
            for subscription in self.store.of_kind("subscription"):
                if subscription["status"] == "incomplete" and subscription["created"] + SIGN_UP_LIFETIME <= now:
                    self.subscriptions.expire_sign_up(subscription)
                elif subscription["status"] == "trialing" and subscription["trial_end"] <= now:
                    self.end_trial(subscription["id"])
            for invoice in self.store.of_kind("invoice"):
                if self.billing.becomes_overdue(invoice):
                    self.billing.overdue(invoice, Cause())
                if invoice["status"] == "open" and (invoice["next_payment_attempt"] or now + 1) <= now:
                    self.retry(invoice["id"])

    def void_credit(self, note: str) -> None:
        """The credit note counts no more: its amount is due again."""
        with self.acting():
            self.billing.void_credit(self.store.get("credit_note", note), Cause())

    def credit(self, invoice: str, amount: int) -> str:
        """A credit note lowers what is due by `amount` minor units."""
        with self.acting():
            note = self.billing.credit(self.store.get("invoice", invoice), amount, Cause())
        return str(note["id"])

    def void(self, invoice: str) -> None:
        with self.acting():
            self.billing.void(self.store.get("invoice", invoice), Cause())

    def replace(self, invoice: str, by: str) -> None:
        """The merchant has finalized a corrected invoice: the one that it was made from is void, and names it
        (docs.stripe.com, "Edit finalized invoices")."""
        with self.acting():
            replaced = self.store.get("invoice", invoice)
            replaced["latest_revision"] = self.store.get("invoice", by)["id"]
            self.billing.void(replaced, Cause())

    def retry(self, invoice: str, outcome: Outcome | None = None) -> None:
        """Stripe's own retry. After a decline that it never retries (rules.md 2.1) the count rises and nothing is
        charged until there is another method (API reference: `attempt_count`)."""
        with self.acting():
            document = self.store.get("invoice", invoice)
            if not document["auto_advance"]:
                raise ValueError(f"Automatic collection of {invoice} is off: Stripe makes no attempt.")
            self._collect(document, outcome)

    def plan_retry(self, invoice: str, at: datetime) -> None:
        """Stripe chooses another time for its next try, as Smart Retries do; `invoice.updated` tells."""
        with self.acting():
            self.invoices.plan_retry_for(self.store.get("invoice", invoice), int(at.timestamp()), Cause())

    def give_up(self, invoice: str, end: str = "canceled", *, uncollectible: bool = False) -> None:
        """Stripe's retries are used up. end: canceled, unpaid or past_due."""
        with self.acting():
            self.subscriptions.give_up(self.store.get("invoice", invoice), end, uncollectible=uncollectible)

    def _new_subscription(
        self,
        customer: str,
        amount: int,
        currency: str,
        id_: str | None = None,
        days_until_due: int | None = None,
    ) -> Json:
        self.store.get("customer", customer)
        return objects.subscription(
            id_ or self.journal.new_id("sub"),
            self.journal.timestamp(),
            customer_id=customer,
            amount=amount,
            currency=currency.lower(),
            days_until_due=days_until_due,
        )

    def _new_invoice(
        self,
        customer: str,
        amount: int,
        currency: str,
        subscription: Json | None,
        billing_reason: str,
        id_: str | None = None,
        collection_method: str = "charge_automatically",
        due_date: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Json:
        owner = self.store.get("customer", customer)
        sequence = owner["next_invoice_sequence"]
        owner["next_invoice_sequence"] += 1
        invoice = invoice_document(
            id_ or self.journal.new_id("in"),
            self.journal.timestamp(),
            customer=owner,
            subscription=subscription,
            number=f"{owner['invoice_prefix']}-{sequence:04d}",
            amount=amount,
            currency=currency.lower(),
            collection_method=collection_method,
            due_date=due_date,
            billing_reason=billing_reason,
        )
        invoice["metadata"] = dict(metadata or {})
        self.invoices.finalize(invoice, Cause())
        return invoice

    def _renew(self, subscription: Json, outcome: Outcome | None) -> str:
        item = subscription["items"]["data"][0]
        if subscription["latest_invoice"] is not None:
            month = item["current_period_end"] - item["current_period_start"]
            item["current_period_start"] += month
            item["current_period_end"] += month
        price = item["price"]
        sent = subscription["collection_method"] == "send_invoice"
        days = subscription["days_until_due"]
        invoice = self._new_invoice(
            subscription["customer"],
            price["unit_amount"],
            price["currency"],
            subscription,
            "subscription_cycle",
            collection_method=subscription["collection_method"],
            due_date=self.journal.timestamp() + days * _DAY if sent else None,
        )
        if sent:
            self.store.emit("invoice.sent", invoice, Cause())
        elif invoice["status"] == "open":
            self._collect(invoice, outcome)
        return str(invoice["id"])

    def _collect(self, invoice: Json, outcome: Outcome | None) -> None:
        """Stripe's own attempt; how it fails is in the events. What the customer's balance has paid needs none."""
        if invoice["status"] == "paid":
            return
        if self.payments.is_futile(invoice):
            self.invoices.count_futile_retry(invoice, Cause())
            return
        try:
            self.payments.collect(invoice, Cause(), outcome=outcome)
        except StripeFailure as failure:
            if failure.status != 402:
                # Nothing to charge with: the subscription's payment fails all the same.
                self.invoices.begin_attempt(invoice, Cause())
                self.invoices.attempt_failed(invoice, Cause())
