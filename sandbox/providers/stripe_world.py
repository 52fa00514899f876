"""The Stripe account of the stand-in world, as a driver or a test scripts it."""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime

from sandbox.providers import stripe_objects as objects
from sandbox.providers.journal import Journal, Json
from sandbox.providers.stripe_billing import StripeBilling
from sandbox.providers.stripe_documents import invoice as invoice_document
from sandbox.providers.stripe_outcomes import APPROVE, Approve, Decline, Outcome
from sandbox.providers.stripe_payments import InvoiceCharging
from sandbox.providers.stripe_store import Cause, StripeFailure, StripeStore
from sandbox.providers.stripe_webhooks import StripeWebhooks
from sandbox.providers.webhooks import Outbox

Behaviour = Outcome | Iterable[Outcome]


class StripeWorld:
    """Customers, cards and invoices, and what the customers do. Objects are named by their Stripe ids.

    Every method may be called from any thread while the server answers requests.
    """

    def __init__(self, journal: Journal, outbox: Outbox) -> None:
        self.journal = journal
        self.api_key = "sk_test_sandbox"
        self.store = StripeStore(journal)
        self.payments = InvoiceCharging(self.store, self._next_outcome)
        self.billing = StripeBilling(self.store, self.payments)
        self.webhooks = StripeWebhooks(self.store, outbox)
        self._behaviours: dict[str, deque[Outcome]] = {}

    @property
    def events(self) -> list[Json]:
        """Every event so far, the oldest first."""
        with self.journal.lock:
            return list(self.store.events)

    def get(self, id_: str) -> Json:
        """A copy of any object, for assertions."""
        with self.journal.lock:
            return self.store.view(self.store.objects[id_])

    def last_event(self, type_: str, object_id: str | None = None) -> Json:
        """The newest event of a type, optionally about one object. Raises LookupError if there is none."""
        for event in reversed(self.events):
            if event["type"] == type_ and object_id in (None, event["data"]["object"]["id"]):
                return event
        raise LookupError(f"There is no {type_} event" + (f" about {object_id}." if object_id else "."))

    def add_customer(
        self,
        name: str = "Ada Example",
        *,
        id_: str | None = None,
        email: str | None = "ada@example.com",
        phone: str | None = None,
        country: str | None = "US",
        locales: Iterable[str] = (),
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """A new customer without payment method.

        country: ISO 3166 alpha-2. locales: Stripe's `preferred_locales`. metadata: for example ``time_zone``.
        """
        with self.journal.lock:
            customer = objects.customer(
                id_ or self.journal.new_id("cus"),
                self.journal.timestamp(),
                name=name,
                email=email,
                phone=phone,
                country=country,
            )
            customer["preferred_locales"] = list(locales)
            customer["metadata"] = dict(metadata or {})
            self.store.put(customer)
            self.store.emit("customer.created", customer, Cause())
        self.webhooks.deliver()
        return str(customer["id"])

    def add_card(
        self,
        customer: str,
        *,
        behaviour: Behaviour = APPROVE,
        brand: str = "visa",
        last4: str = "4242",
        exp_month: int = 12,
        exp_year: int = 2034,
        fingerprint: str | None = None,
        country: str | None = None,
        funding: str = "credit",
        default: bool = True,
    ) -> str:
        """Attach a card. With `default` it becomes the customer's default payment method."""
        with self.journal.lock:
            owner = self.store.get("customer", customer)
            method = objects.card(
                self.journal.new_id("pm"),
                self.journal.timestamp(),
                customer_id=customer,
                billing=self._billing_details(owner),
                brand=brand,
                last4=last4,
                exp_month=exp_month,
                exp_year=exp_year,
                fingerprint=fingerprint or self.journal.new_id("fp")[3:],
                country=country or (owner["address"] or {}).get("country"),
                funding=funding,
            )
            return self._attach(method, behaviour, default=default)

    def add_bank_debit(
        self,
        customer: str,
        *,
        behaviour: Behaviour,
        kind: str = "sepa_debit",
        last4: str = "3000",
        country: str = "DE",
        default: bool = True,
    ) -> str:
        """Attach a bank account that is debited (sepa_debit, us_bank_account, bacs_debit, …)."""
        with self.journal.lock:
            method = objects.bank_debit(
                self.journal.new_id("pm"),
                self.journal.timestamp(),
                customer_id=customer,
                billing=self._billing_details(self.store.get("customer", customer)),
                kind=kind,
                last4=last4,
                fingerprint=self.journal.new_id("fp")[3:],
                country=country,
            )
            return self._attach(method, behaviour, default=default)

    def set_behaviour(self, payment_method: str, behaviour: Behaviour) -> None:
        """What the payment method answers from now on: one outcome for all attempts, or outcomes in turn, of
        which the last one stays."""
        outcomes = [behaviour] if isinstance(behaviour, Outcome) else list(behaviour)
        if not outcomes:
            raise ValueError("A behaviour needs at least one outcome.")
        with self.journal.lock:
            self.store.get("payment_method", payment_method)
            self._behaviours[payment_method] = deque(outcomes)

    def set_default_card(
        self, payment_method: str, *, customer: str | None = None, subscription: str | None = None
    ) -> None:
        """Make the payment method the default of the customer, of the subscription, or of both."""
        with self.journal.lock:
            self.store.get("payment_method", payment_method)
            if customer is not None:
                owner = self.store.get("customer", customer)
                before = dict(owner["invoice_settings"])
                owner["invoice_settings"]["default_payment_method"] = payment_method
                self.store.emit("customer.updated", owner, Cause(), {"invoice_settings": before})
            if subscription is not None:
                held = self.store.get("subscription", subscription)
                old = {"default_payment_method": held["default_payment_method"]}
                held["default_payment_method"] = payment_method
                self.store.emit("customer.subscription.updated", held, Cause(), old)
        self.webhooks.deliver()

    def update_card(self, payment_method: str, *, exp_month: int, exp_year: int, last4: str | None = None) -> None:
        """The card network's updater brings new data for a card (`payment_method.automatically_updated`)."""
        with self.journal.lock:
            card = self.store.get("payment_method", payment_method)
            before = {"card": {name: card["card"][name] for name in ("exp_month", "exp_year", "last4")}}
            card["card"].update(exp_month=exp_month, exp_year=exp_year, last4=last4 or card["card"]["last4"])
            self.store.emit("payment_method.automatically_updated", card, Cause(), before)
        self.webhooks.deliver()

    def add_subscription(
        self, customer: str, *, amount: int, currency: str, id_: str | None = None, card: str | None = None
    ) -> str:
        """An active monthly subscription; `card` becomes its own default payment method."""
        with self.journal.lock:
            self.store.get("customer", customer)
            subscription = objects.subscription(
                id_ or self.journal.new_id("sub"),
                self.journal.timestamp(),
                customer_id=customer,
                amount=amount,
                currency=currency.lower(),
            )
            subscription["default_payment_method"] = card
            self.store.emit("customer.subscription.created", self.store.put(subscription), Cause())
        self.webhooks.deliver()
        return str(subscription["id"])

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
    ) -> str:
        """A finalised open invoice on which no payment was tried yet. amount: minor units."""
        with self.journal.lock:
            owner = self.store.get("customer", customer)
            held = self.store.get("subscription", subscription) if subscription else None
            sequence = owner["next_invoice_sequence"]
            owner["next_invoice_sequence"] += 1
            invoice = invoice_document(
                id_ or self.journal.new_id("in"),
                self.journal.timestamp(),
                customer=owner,
                subscription=held,
                number=f"{owner['invoice_prefix']}-{sequence:04d}",
                amount=amount,
                currency=currency.lower(),
                collection_method=collection_method,
                due_date=int(due_date.timestamp()) if due_date else None,
            )
            invoice["metadata"] = dict(metadata or {})
            self.store.put(invoice)
            self.payments.prepare(invoice)
            if held is not None:
                held["latest_invoice"] = invoice["id"]
            self.journal.record(
                "stripe",
                "invoice.finalized",
                {"invoice": invoice["id"], "customer": customer},
                data={"amount_remaining": amount, "currency": invoice["currency"], "status": "open"},
            )
            for type_ in ("invoice.created", "invoice.finalized"):
                self.store.emit(type_, invoice, Cause())
        self.webhooks.deliver()
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
        with self.journal.lock:
            subscription = subscription or self.add_subscription(customer, amount=amount, currency=currency)
            invoice_id = self.add_invoice(
                customer,
                amount=amount,
                currency=currency,
                id_=id_,
                subscription=subscription,
                metadata=metadata,
            )
            try:
                self.payments.collect(self.store.objects[invoice_id], Cause(), outcome=outcome)
            except StripeFailure as failure:
                if failure.status != 402:
                    # Nothing to charge with: the subscription's payment fails all the same.
                    self.store.emit("invoice.payment_failed", self.store.objects[invoice_id], Cause())
        self.webhooks.deliver()
        return invoice_id

    def customer_pays(self, invoice: str, amount: int | None = None, *, payment_method: str | None = None) -> None:
        """The customer pays on the hosted invoice page: all that remains, or a part (minor units)."""
        with self.journal.lock:
            document = self.store.get("invoice", invoice)
            method = payment_method or self._some_method(document["customer"])
            cause = Cause(origin="customer")
            if amount is None:
                self.payments.collect(document, cause, payment_method=method, outcome=APPROVE)
            else:
                self.payments.pay_separately(document, amount, method, cause)
        self.webhooks.deliver()

    def customer_tries(self, invoice: str) -> None:
        """The customer tries the default card on the hosted invoice page; how it ends is the card's behaviour."""
        with self.journal.lock:
            document = self.store.get("invoice", invoice)
            try:
                self.payments.collect(document, Cause(origin="customer"))
            except StripeFailure as failure:
                if failure.status != 402:
                    raise
        self.webhooks.deliver()

    def customer_authenticates(self, invoice: str) -> None:
        """The customer passes 3-D Secure for the payment that waits for it."""
        with self.journal.lock:
            self.payments.authenticate(self.store.get("invoice", invoice), Cause(origin="customer"))
        self.webhooks.deliver()

    def finish_processing(self, invoice: str, result: Approve | Decline) -> None:
        """The bank confirms or returns a debit that was processing."""
        with self.journal.lock:
            self.payments.finish_processing(self.store.get("invoice", invoice), result, Cause())
        self.webhooks.deliver()

    def pay_out_of_band(self, invoice: str) -> None:
        """Somebody marks the invoice as paid outside Stripe."""
        with self.journal.lock:
            self.payments.pay_out_of_band(self.store.get("invoice", invoice), Cause(origin="customer"))
        self.webhooks.deliver()

    def credit(self, invoice: str, amount: int) -> str:
        """A credit note lowers what is due by `amount` minor units."""
        with self.journal.lock:
            note = self.billing.credit(self.store.get("invoice", invoice), amount, Cause())
        self.webhooks.deliver()
        return str(note["id"])

    def void(self, invoice: str) -> None:
        with self.journal.lock:
            self.billing.void(self.store.get("invoice", invoice), Cause())
        self.webhooks.deliver()

    def cancel_subscription(self, subscription: str) -> None:
        """The customer cancels the subscription."""
        with self.journal.lock:
            self.billing.cancel_subscription(self.store.get("subscription", subscription), Cause(origin="customer"))
        self.webhooks.deliver()

    def open_dispute(self, invoice: str, *, reason: str = "fraudulent") -> str:
        """The customer disputes a charge of this invoice; if it has no succeeded one, the charge of an earlier,
        paid invoice of the same customer, which is made for the purpose."""
        with self.journal.lock:
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
            dispute = self.billing.open_dispute(charge, Cause(origin="customer"), reason=reason)
        self.webhooks.deliver()
        return str(dispute["id"])

    def close_dispute(self, dispute: str, *, won: bool) -> None:
        """The bank decides the dispute: for the merchant (`won`) or for the cardholder."""
        with self.journal.lock:
            self.billing.close_dispute(self.store.get("dispute", dispute), Cause(), won=won)
        self.webhooks.deliver()

    def _attach(self, method: Json, behaviour: Behaviour, *, default: bool) -> str:
        self.store.put(method)
        self.set_behaviour(method["id"], behaviour)
        self.store.emit("payment_method.attached", method, Cause())
        if default:
            self.set_default_card(method["id"], customer=method["customer"])
        self.webhooks.deliver()
        return str(method["id"])

    def _next_outcome(self, payment_method: str) -> Outcome:
        outcomes = self._behaviours[payment_method]
        return outcomes.popleft() if len(outcomes) > 1 else outcomes[0]

    def _some_method(self, customer: str) -> str:
        default = self.store.get("customer", customer)["invoice_settings"]["default_payment_method"]
        if default is not None:
            return str(default)
        methods = [m["id"] for m in self.store.of_kind("payment_method") if m["customer"] == customer]
        return str(methods[-1]) if methods else self.add_card(customer, default=False)

    def _succeeded_charge(self, invoice: str) -> Json | None:
        intents = {p["payment"]["payment_intent"] for p in self.store.payments_of(invoice)}
        charges = reversed(self.store.of_kind("charge", self.store.get("invoice", invoice)["customer"]))
        return next((c for c in charges if c["paid"] and c["payment_intent"] in intents), None)

    def _billing_details(self, customer: Json) -> Json:
        return {
            "address": {**objects.NO_ADDRESS, **(customer["address"] or {})},
            "email": customer["email"],
            "name": customer["name"],
            "phone": customer["phone"],
            "tax_id": None,
        }
