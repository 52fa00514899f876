"""Customers of the Stripe account and their payment methods, as a driver or a test scripts them."""

from collections import deque
from collections.abc import Iterable, Mapping

from sandbox.providers import stripe_documents as documents
from sandbox.providers import stripe_objects as objects
from sandbox.providers.journal import Json
from sandbox.providers.stripe_account import StripeAccount
from sandbox.providers.stripe_outcomes import APPROVE, Behaviour, Outcome
from sandbox.providers.stripe_store import Cause
from sandbox.providers.stripe_subscriptions import ENDED

_DEBITS: dict[str | None, str] = {
    "AU": "au_becs_debit",
    "CA": "acss_debit",
    "GB": "bacs_debit",
    "US": "us_bank_account",
}


class StripeCustomers(StripeAccount):
    """Objects are named by their Stripe ids."""

    def add_customer(
        self,
        name: str = "Ada Example",
        *,
        id_: str | None = None,
        email: str | None = "ada@example.com",
        phone: str | None = None,
        country: str | None = "US",
        address: Mapping[str, str] | None = None,
        locales: Iterable[str] = (),
        metadata: Mapping[str, str] | None = None,
        balance: int = 0,
    ) -> str:
        """A new customer without payment method.

        country: ISO 3166 alpha-2. address: what else there is of it, by Stripe's names.
        locales: Stripe's `preferred_locales`. metadata: for example ``time_zone``.
        balance: minor units; negative is credit, positive is owed and added to the next invoice.
        """
        with self.acting():
            customer = objects.customer(
                id_ or self.journal.new_id("cus"),
                self.journal.timestamp(),
                name=name,
                email=email,
                phone=phone,
                country=country,
                address=address,
            )
            customer["preferred_locales"] = list(locales)
            customer["metadata"] = dict(metadata or {})
            customer["balance"] = balance
            self.store.put(customer)
            self.store.emit("customer.created", customer, Cause())
        return str(customer["id"])

    def update_customer(self, customer: str, **changes: object) -> None:
        """Somebody changes the customer's own fields (email, phone, name, address, metadata, …)."""
        with self.acting():
            owner = self.store.get("customer", customer)
            before = {name: owner[name] for name in changes}
            owner.update(changes)
            self.store.emit("customer.updated", owner, Cause(), before)

    def delete_customer(self, customer: str) -> None:
        """Delete the customer for good: subscriptions end, invoices stay, and the API shows only `deleted: true`."""
        with self.acting():
            owner = self.store.get("customer", customer)
            for subscription in self.store.of_kind("subscription", customer):
                if subscription["status"] not in ENDED:
                    self.subscriptions.cancel(subscription, Cause())
            self.store.emit("customer.deleted", owner, Cause())
            self.store.put(objects.deleted_customer(customer))

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
        allow_redisplay: str = "unspecified",
    ) -> str:
        """Attach a card. With `default` it becomes the customer's default payment method.

        allow_redisplay: always, limited (saved for one subscription, say) or unspecified.
        """
        with self.journal.lock:
            owner = self.store.get("customer", customer)
            method = objects.card(
                self.journal.new_id("pm"),
                self.journal.timestamp(),
                customer_id=customer,
                billing=_billing_details(owner),
                brand=brand,
                last4=last4,
                exp_month=exp_month,
                exp_year=exp_year,
                fingerprint=fingerprint or self.journal.new_id("fp")[3:],
                country=country or (owner["address"] or {}).get("country"),
                funding=funding,
            )
            method["allow_redisplay"] = allow_redisplay
            return self._attach(method, behaviour, default=default)

    def add_bank_debit(
        self,
        customer: str,
        *,
        behaviour: Behaviour,
        kind: str | None = None,
        last4: str = "3000",
        country: str = "DE",
        default: bool = True,
    ) -> str:
        """Attach a bank account that is debited.

        kind: us_bank_account (dollars only), sepa_debit (euros only), bacs_debit, au_becs_debit or acss_debit; without
        one, that of the customer's country. country: of a SEPA account.
        """
        with self.journal.lock:
            owner = self.store.get("customer", customer)
            method = objects.bank_debit(
                self.journal.new_id("pm"),
                self.journal.timestamp(),
                customer_id=customer,
                billing=_billing_details(owner),
                kind=kind or _DEBITS.get((owner["address"] or objects.NO_ADDRESS)["country"], "sepa_debit"),
                last4=last4,
                fingerprint=self.journal.new_id("fp")[3:],
                country=country,
            )
            return self._attach(method, behaviour, default=default)

    def set_up(self, payment_method: str, *, usage: str = "off_session") -> str:
        """The customer saves the payment method through a SetupIntent, for payments without them (`off_session`, which
        is Stripe's default) or only in checkouts (`on_session`). Returns the SetupIntent."""
        with self.acting():
            method = self.store.get("payment_method", payment_method)
            now, id_ = self.journal.timestamp(), self.journal.new_id("seti")
            intent = self.store.put(documents.setup_intent(id_, now, method=method, usage=usage))
            self.store.emit("setup_intent.succeeded", intent, Cause())
        return str(intent["id"])

    def set_behaviour(self, payment_method: str, behaviour: Behaviour) -> None:
        """What the payment method answers from now on: one outcome for all attempts, or outcomes in turn, of
        which the last one stays."""
        outcomes = [behaviour] if isinstance(behaviour, Outcome) else list(behaviour)
        if not outcomes:
            raise ValueError("A behaviour needs at least one outcome.")
        with self.journal.lock:
            self.store.get("payment_method", payment_method)
            self.behaviours[payment_method] = deque(outcomes)

    def set_default_card(
        self, payment_method: str, *, customer: str | None = None, subscription: str | None = None
    ) -> None:
        """Make the payment method the default of the customer, of the subscription, or of both."""
        with self.acting():
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

    def update_card(self, payment_method: str, *, exp_month: int, exp_year: int, last4: str | None = None) -> None:
        """The card network's updater brings new data for a card (`payment_method.automatically_updated`)."""
        with self.acting():
            card = self.store.get("payment_method", payment_method)
            before = {"card": {name: card["card"][name] for name in ("exp_month", "exp_year", "last4")}}
            card["card"].update(exp_month=exp_month, exp_year=exp_year, last4=last4 or card["card"]["last4"])
            self.store.emit("payment_method.automatically_updated", card, Cause(), before)

    def renew_card(self, payment_method: str, *, exp_month: int, exp_year: int) -> None:
        """The customer or the merchant types the new expiry of the same card (`payment_method.updated`)."""
        with self.acting():
            card = self.store.get("payment_method", payment_method)
            before = {"card": {name: card["card"][name] for name in ("exp_month", "exp_year")}}
            card["card"].update(exp_month=exp_month, exp_year=exp_year)
            self.store.emit("payment_method.updated", card, Cause(), before)

    def update_billing_details(
        self, payment_method: str, *, metadata: Mapping[str, str] | None = None, **details: object
    ) -> None:
        """A sync job writes the e-mail, phone, name, address or metadata: `payment_method.updated`, and nothing that
        can be charged has changed."""
        with self.acting():
            method = self.store.get("payment_method", payment_method)
            before: Json = {}
            if details:
                before["billing_details"] = {name: method["billing_details"][name] for name in details}
                method["billing_details"].update(details)
            if metadata is not None:
                before["metadata"] = {name: method["metadata"].get(name) for name in metadata}
                method["metadata"].update(metadata)
            self.store.emit("payment_method.updated", method, Cause(), before)

    def detach(self, payment_method: str) -> None:
        """Remove the payment method from its customer, for good. Customer and subscription go on naming it as their
        default (seen with API versions of 2020 and 2023: dj-stripe issue 1836)."""
        with self.acting():
            method = self.store.get("payment_method", payment_method)
            before = {"customer": method["customer"]}
            method["customer"] = None
            self.store.emit("payment_method.detached", method, Cause(), before)

    def _attach(self, method: Json, behaviour: Behaviour, *, default: bool) -> str:
        self.store.put(method)
        self.set_behaviour(method["id"], behaviour)
        self.store.emit("payment_method.attached", method, Cause())
        if default:
            self.set_default_card(method["id"], customer=method["customer"])
        self.webhooks.deliver()
        return str(method["id"])

    def _some_method(self, customer: str) -> str:
        """A method with which the customer can pay on the hosted page; a new card if there is none."""
        default = self.store.get("customer", customer)["invoice_settings"]["default_payment_method"]
        methods = [m["id"] for m in self.store.methods_of(customer)]
        if default in methods:
            return str(default)
        return str(methods[-1]) if methods else self.add_card(customer, default=False)


def _billing_details(customer: Json) -> Json:
    return {
        "address": {**objects.NO_ADDRESS, **(customer["address"] or {})},
        "email": customer["email"],
        "name": customer["name"],
        "phone": customer["phone"],
        "tax_id": None,
    }
