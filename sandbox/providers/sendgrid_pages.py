"""What SendGrid's account shows of itself: authenticated domains, verified senders and Event Webhooks.

(twilio.com/docs/sendgrid/api-reference: domain authentication, sender verification, webhooks)
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from sandbox.providers.journal import Json

ANY = "sandbox.example"
"""The domain that is authenticated in an account which lets any sender through."""


class Account(Protocol):
    """What the pages show."""

    webhook_url: str | None
    verified_senders: frozenset[str] | None
    signs_events: bool

    @property
    def public_key(self) -> str: ...


def _domains(world: Account) -> list[Json]:
    known = [ANY] if world.verified_senders is None else sorted(one for one in world.verified_senders if "@" not in one)
    return [{"id": number, "domain": domain, "valid": True} for number, domain in enumerate(known, 1)]


def _senders(world: Account) -> Json:
    known = sorted(one for one in world.verified_senders or () if "@" in one)
    return {"results": [{"id": number, "from_email": one, "verified": True} for number, one in enumerate(known, 1)]}


def _webhooks(world: Account) -> Json:
    if world.webhook_url is None:
        return {"max_allowed": 5, "webhooks": []}
    key = world.public_key if world.signs_events else ""
    return {"max_allowed": 5, "webhooks": [{"id": "one", "enabled": True, "url": world.webhook_url, "public_key": key}]}


account_pages: Mapping[str, tuple[str, Callable[[Account], object]]] = {
    "whitelabel/domains": ("whitelabel.read", _domains),
    "verified_senders": ("whitelabel.read", _senders),
    "user/webhooks/event/settings/all": ("user.webhooks.event.settings.read", _webhooks),
}
"""By the path below /v3: the scope that a key needs, and what is shown."""

QUERIES: Mapping[str, frozenset[str]] = {
    "whitelabel/domains": frozenset({"limit", "offset", "exclude_subusers", "username", "domain"}),
    "verified_senders": frozenset({"limit", "lastSeenID", "id"}),
    "user/webhooks/event/settings/all": frozenset(),
    "messages": frozenset({"query", "limit"}),
    "scopes": frozenset(),
}
"""The queries that the API reference has. The SDK has no models of these calls: it sends whatever it is given."""
