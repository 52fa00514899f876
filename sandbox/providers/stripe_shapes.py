"""One event in the shapes in which it may reach a merchant: old API versions, Connect, live mode, exporters' habits."""

from copy import deepcopy

from sandbox.providers.journal import Json
from sandbox.providers.stripe_store import StripeStore
from sandbox.providers.stripe_webhooks import StripeWebhooks

OLDEST_VERSION = "2017-08-15"
_REFERENCES = ("customer", "charge", "payment_intent", "payment_method", "subscription", "default_payment_method")


class EventShapes:
    """Every method takes an event and answers with a copy of it."""

    def __init__(self, store: StripeStore, webhooks: StripeWebhooks) -> None:
        self._store = store
        self._webhooks = webhooks

    def before_status(self, event: Json) -> Json:
        """An invoice event of an account on a version before 2018-11-08: no `status` and no `auto_advance`, but
        `closed`, `forgiven` and `paid`; `date` for `created`, `finalized_at` at the top (both until 2019-03-14), and no
        payment intent (changelog of docs.stripe.com, entries of those versions)."""
        old = self._webhooks.in_old_shape(event)
        old["api_version"] = OLDEST_VERSION
        invoice = old["data"]["object"]
        status = invoice.pop("status")
        collects = invoice.pop("auto_advance")
        invoice["date"] = invoice.pop("created")
        invoice["finalized_at"] = invoice.pop("status_transitions")["finalized_at"]
        invoice["closed"] = status != "open" or not collects
        invoice["forgiven"] = status == "uncollectible"
        del invoice["payment_intent"]
        return old

    def expanded(self, event: Json) -> Json:
        """Objects where Stripe's own events have ids: what some exporters and re-reads deliver."""
        copy = deepcopy(event)
        about = copy["data"]["object"]
        with self._store.journal.lock:
            for name in _REFERENCES:
                if isinstance(about.get(name), str) and about[name] in self._store.objects:
                    about[name] = self._store.view(self._store.objects[about[name]])
        return copy

    def of_account(self, event: Json, account: str = "acct_1Connected") -> Json:
        """The event of a connected account, as a platform receives it (Connect: `account`)."""
        return {**deepcopy(event), "account": account}

    def in_live_mode(self, event: Json) -> Json:
        copy = deepcopy(event)
        copy["livemode"] = copy["data"]["object"]["livemode"] = True
        return copy

    def in_milliseconds(self, event: Json) -> Json:
        """As some exporters write the event's time; Stripe's own is in seconds."""
        return {**deepcopy(event), "created": event["created"] * 1000}
