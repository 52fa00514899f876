"""Stripe's webhook endpoints: signing (rules.md 2.4), delivery and its disorder, and the older event shape."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterable
from copy import deepcopy
from functools import partial

from sandbox.providers.journal import Json
from sandbox.providers.stripe_hooks import Endpoints
from sandbox.providers.stripe_store import StripeStore
from sandbox.providers.webhooks import Delivery, Outbox

PRE_BASIL_VERSION = "2024-06-20"


def signature_header(body: bytes, secret: str, timestamp: int) -> str:
    """The value of `Stripe-Signature` for a raw body. timestamp: Unix seconds."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


class StripeWebhooks:
    """Sends every event to each enabled endpoint that wants it. Thread-safe."""

    def __init__(self, store: StripeStore, outbox: Outbox) -> None:
        self.secret = "whsec_sandbox"  # noqa: S105  (the stand-in's own, known to everyone)
        self.endpoints = Endpoints(store)
        self._store = store
        self._outbox = outbox
        self.older_shape: set[str] = set()
        """Customers whose invoices' failures are told as to an account on an older API version."""
        self._seen = 0
        self._sent: set[str] = set()

    @property
    def url(self) -> str | None:
        """Where the oldest endpoint is; None without one."""
        return next((endpoint["url"] for endpoint in self.endpoints.all()), None)

    def configure(self, url: str | None, *, secret: str | None = None, types: Iterable[str] | None = None) -> None:
        """From now on there is this endpoint alone, for all events or only those of the given types; None: there is
        none."""
        with self._store.journal.lock:
            self.secret = secret or self.secret
            self._seen = len(self._store.events)
            self.endpoints.clear()
            if url is not None:
                self.endpoints.add(url, ["*"] if types is None else list(types), self.secret)

    def deliver(self) -> None:
        """Post the events that happened since the last call."""
        with self._store.journal.lock:
            events = self._store.events[self._seen :]
            self._seen = len(self._store.events)
            for event in events:
                if self.endpoints.for_type(event["type"]):
                    self._post(event)

    def undelivered(self) -> set[str]:
        """The events that were sent, and that not every endpoint has accepted yet."""
        with self._store.journal.lock:
            accepted = {e.subjects["event"] for e in self._store.journal.entries if e.kind == "webhook.accepted"}
            return self._sent - accepted

    def sign(self, body: bytes, timestamp: int | None = None) -> dict[str, str]:
        """The signature header of a body; the timestamp defaults to the real time, as receivers check it."""
        return _signed(self.secret, body, timestamp)

    def _post(self, event: Json) -> None:
        customer = self._store.customer_of(event["data"]["object"])
        old = customer in self.older_shape and event["type"] == "invoice.payment_failed"
        body = json.dumps(self.in_old_shape(event) if old else event, indent=2).encode()
        self._sent.add(event["id"])
        about = {"customer": customer}
        for endpoint in self.endpoints.for_type(event["type"]):
            sign = partial(_signed, endpoint["secret"])
            self._outbox.post(
                Delivery("stripe", event["id"], event["type"], endpoint["url"], body, sign, about, dated=_created_at)
            )

    def in_old_shape(self, event: Json) -> Json:
        """An invoice event as an account still on an API version before *basil* receives it (rules.md 2.2)."""
        old = deepcopy(event)
        old["api_version"] = PRE_BASIL_VERSION
        invoice = old["data"]["object"]
        if invoice["object"] != "invoice":
            raise ValueError(f"Only invoice events have an older shape here, not {event['type']}.")
        with self._store.journal.lock:
            default = self._store.default_payment(invoice["id"])
            intent = self._store.objects[default["payment"]["payment_intent"]]
        parent = invoice.pop("parent")
        details = parent["subscription_details"] if parent else None
        with self._store.journal.lock:
            off_stripe = self._store.paid_off_stripe(invoice["id"])
        invoice.pop("status_details")
        invoice.update(
            charge=intent["latest_charge"],
            paid=invoice["status"] == "paid",
            paid_out_of_band=off_stripe > 0,
            payment_intent=intent["id"],
            subscription=details["subscription"] if details else None,
            subscription_details={"metadata": details["metadata"] if details else None},
        )
        return old


def _created_at(body: bytes, moment: int) -> bytes:
    return json.dumps({**json.loads(body), "created": moment}, indent=2).encode()


def _signed(secret: str, body: bytes, timestamp: int | None = None) -> dict[str, str]:
    at = int(time.time()) if timestamp is None else timestamp
    return {"Stripe-Signature": signature_header(body, secret, at)}
