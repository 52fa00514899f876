"""Stripe's webhook endpoints as its API keeps them: made, read, changed and deleted.

Unlike Stripe it takes addresses of this machine: the stand-ins have no other ones.
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from sandbox.providers.journal import Json
from sandbox.providers.stripe_objects import API_VERSION
from sandbox.providers.stripe_store import StripeStore, invalid_request

KIND = "webhook_endpoint"
_TYPE = re.compile(r"\*|[a-z_]+(\.[a-z_]+)+")
_MOST = 16
"""Endpoints of one account (docs.stripe.com/webhooks)."""


class Endpoints:
    """All endpoints of the account, as objects of its store. Callers hold the journal's lock."""

    def __init__(self, store: StripeStore) -> None:
        self._store = store

    def all(self) -> list[Json]:
        """The oldest first; each with its secret, which the API shows at its creation only."""
        return self._store.of_kind(KIND)

    def for_type(self, event_type: str) -> list[Json]:
        """Those that get events of this type."""
        enabled = (e for e in self.all() if e["status"] == "enabled")
        return [e for e in enabled if {"*", event_type} & set(e["enabled_events"])]

    def add(self, url: str, events: Sequence[str], secret: str, version: str | None = None) -> Json:
        return self._store.put(
            {
                "id": self._store.journal.new_id("we"),
                "object": KIND,
                "api_version": version,
                "application": None,
                "created": self._store.journal.timestamp(),
                "description": None,
                "enabled_events": list(events),
                "livemode": False,
                "metadata": {},
                "secret": secret,
                "status": "enabled",
                "url": url,
            }
        )

    def clear(self) -> None:
        for endpoint in self.all():
            self._store.take_out(endpoint["id"])

    def create(self, params: Mapping[str, str]) -> Json:
        """As the API does: the answer, and no later one, has the secret. Raises StripeFailure."""
        for needed in ("url", "enabled_events[0]"):
            if needed not in params:
                name = needed.partition("[")[0]
                raise invalid_request(f"Missing required param: {name}.", code="parameter_missing", param=name)
        if len(self.all()) >= _MOST:
            raise invalid_request(f"You have reached the maximum of {_MOST} webhook endpoints.")
        version = params.get("api_version")
        if version not in (None, API_VERSION):
            raise invalid_request(f"Invalid Stripe API version: {version}", param="api_version")
        secret = f"whsec_{self._store.journal.new_hex(32)}"
        endpoint = self.add(self._url(params["url"]), self._events(params), secret, version)
        self._note(endpoint, params)
        return endpoint

    def update(self, id_: str, params: Mapping[str, str]) -> Json:
        """Raises StripeFailure."""
        endpoint = self._store.get(KIND, id_, "webhook_endpoint")
        if "url" in params:
            endpoint["url"] = self._url(params["url"])
        if events := self._events(params):
            endpoint["enabled_events"] = events
        if "disabled" in params:
            endpoint["status"] = "disabled" if params["disabled"] == "true" else "enabled"
        self._note(endpoint, params)
        return shown(endpoint)

    def delete(self, id_: str) -> Json:
        """Raises StripeFailure."""
        self._store.get(KIND, id_, "webhook_endpoint")
        self._store.take_out(id_)
        return {"id": id_, "object": KIND, "deleted": True}

    def _note(self, endpoint: Json, params: Mapping[str, str]) -> None:
        if "description" in params:
            endpoint["description"] = params["description"] or None

    def _url(self, url: str) -> str:
        parts = urlsplit(url)
        allowed = {"https"} if self._store.livemode else {"https", "http"}
        if parts.scheme not in allowed or not parts.hostname:
            raise invalid_request("Invalid URL: it must be a public address.", code="url_invalid", param="url")
        return url

    def _events(self, params: Mapping[str, str]) -> list[str]:
        events = [value for name, value in params.items() if name.startswith("enabled_events[")]
        for event in events:
            if not _TYPE.fullmatch(event):
                raise invalid_request(f"Invalid enabled_events: {event}", param="enabled_events")
        return events


def shown(endpoint: Json) -> Json:
    """As the API shows it after its creation."""
    return {name: value for name, value in endpoint.items() if name != "secret"}
