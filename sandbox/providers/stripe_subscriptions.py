"""The life of subscriptions: signing up, trials, cancelling, and what Stripe does when its retries are used up.

Statuses and their causes: the API reference of `subscription.status`, `trial_settings` and cancelling.
"""

from sandbox.providers.journal import Json
from sandbox.providers.stripe_billing import StripeBilling
from sandbox.providers.stripe_invoices import Invoices
from sandbox.providers.stripe_store import Cause, StripeStore, invalid_request

ENDED = ("canceled", "incomplete_expired")
SIGN_UP_LIFETIME = 23 * 3600


class StripeSubscriptions:
    """Callers hold the journal's lock; every change is journalled and becomes events."""

    def __init__(self, store: StripeStore, invoices: Invoices, billing: StripeBilling) -> None:
        self._store = store
        self._invoices = invoices
        self._billing = billing

    def cancel(
        self, subscription: Json, cause: Cause, *, comment: str | None = None, reason: str = "cancellation_requested"
    ) -> None:
        """Cancel at once. Automatic collection of all finalised invoices of the customer stops with it, "to prevent
        unexpected payment attempts" (API reference)."""
        if subscription["status"] in ENDED:
            raise invalid_request(
                f"No such subscription: '{subscription['id']}'",
                status=404,
                code="resource_missing",
                param="id",
            )
        now = self._store.journal.timestamp()
        subscription.update(status="canceled", canceled_at=now, ended_at=now)
        subscription["cancellation_details"].update(reason=reason, comment=comment)
        self._store.journal.record(
            "stripe",
            "subscription.canceled",
            {"subscription": subscription["id"], "customer": subscription["customer"]},
            key=cause.key,
            data={"origin": cause.origin},
        )
        self._store.emit("customer.subscription.deleted", subscription, cause)
        for invoice in self._store.of_kind("invoice", subscription["customer"]):
            self._invoices.stop_collection(invoice, cause)

    def cancel_at_period_end(self, subscription: Json) -> None:
        """The usual way of customer portals: the status stays, and so do open invoices and their collection."""
        before = {name: subscription[name] for name in ("cancel_at", "cancel_at_period_end", "canceled_at")}
        subscription.update(
            cancel_at_period_end=True,
            cancel_at=subscription["items"]["data"][0]["current_period_end"],
            canceled_at=self._store.journal.timestamp(),
        )
        subscription["cancellation_details"]["reason"] = "cancellation_requested"
        self._store.emit("customer.subscription.updated", subscription, Cause(origin="customer"), before)

    def expire_sign_up(self, subscription: Json) -> None:
        """Nobody paid the first invoice for 23 hours: it is voided, and the subscription ends for good."""
        if subscription["status"] != "incomplete":
            raise ValueError(f"Only an incomplete subscription expires: this one is {subscription['status']}.")
        subscription.update(status="incomplete_expired", ended_at=self._store.journal.timestamp())
        self._store.emit("customer.subscription.updated", subscription, Cause(), {"status": "incomplete"})
        self._billing.void(self._store.objects[subscription["latest_invoice"]], Cause())

    def give_up(self, invoice: Json, end: str, *, uncollectible: bool) -> None:
        """Stripe's retries are used up: by the account's settings the subscription is canceled, unpaid or left past
        due, and the invoice left open or uncollectible. end: canceled, unpaid or past_due."""
        invoice["next_payment_attempt"] = None
        if uncollectible:
            self._billing.mark_uncollectible(invoice, Cause(), reason="max_payment_attempts")
        subscription = self._store.subscription_of(invoice)
        if subscription is not None and end == "canceled":
            self.cancel(subscription, Cause(), reason="payment_failed")
        elif end == "unpaid":
            self._invoices.set_subscription_status(invoice, ("active", "past_due"), "unpaid", Cause())

    def begin_trial(self, subscription: Json, days: int, missing_payment_method: str) -> None:
        now = self._store.journal.timestamp()
        subscription.update(status="trialing", trial_start=now, trial_end=now + days * 86_400)
        subscription["trial_settings"]["end_behavior"]["missing_payment_method"] = missing_payment_method

    def end_trial_without_method(self, subscription: Json) -> bool:
        """Whether the trial ended the subscription, or pauses it: `trial_settings` says what a missing card means."""
        match subscription["trial_settings"]["end_behavior"]["missing_payment_method"]:
            case "cancel":
                self.cancel(subscription, Cause())
            case "pause":
                subscription["status"] = "paused"
                self._store.emit("customer.subscription.updated", subscription, Cause(), {"status": "trialing"})
                self._store.emit("customer.subscription.paused", subscription, Cause())
            case _:
                return False
        return True

    def become(self, subscription: Json, status: str) -> None:
        before = {"status": subscription["status"]}
        subscription["status"] = status
        self._store.emit("customer.subscription.updated", subscription, Cause(), before)
