"""Our webhook endpoint at Stripe: found, made and changed through its API, and what Stripe could not deliver to it."""

from collections.abc import Iterable
from datetime import datetime
from uuid import uuid4

import stripe

from domain.base import Frozen
from gateways.ports.trouble import ProviderTrouble
from gateways.stripe_api import StripeApi, translated
from gateways.stripe_events import TYPES
from gateways.stripe_fields import Json, expanded, object_id, text

_PAGE = 100
_FIND = "find the webhook endpoint"
_MAKE = "make the webhook endpoint"
_DESCRIPTION = "dunning"


class Endpoint(Frozen):
    """One endpoint of the account.

    lacks: types of events that cases need and that it does not get, in order.
    """

    id: str
    url: str
    enabled: bool
    lacks: tuple[str, ...] = ()


class Registered(Frozen):
    """An endpoint that gets what it has to. `secret` is there when it was made just now: Stripe shows it once."""

    id: str
    secret: str | None = None


def find(api: StripeApi, url: str) -> Endpoint | None:
    """The account's endpoint at this address; of several an enabled one. Raises ProviderTrouble or ProviderMisuse."""
    found = [_read(one) for one in _all(api) if text(one, "url") == url]
    return next((one for one in found if one.enabled), found[0] if found else None)


def register(api: StripeApi, url: str, *, connected: bool = False, anew: bool = False) -> Registered:
    """Makes the endpoint, or changes the one that is there, so that it gets exactly the events that are read.

    connected: for the events of a platform's connected accounts. anew: make it, whatever is there.
    Raises ProviderTrouble or ProviderMisuse.
    """
    there = None if anew else find(api, url)
    try:
        if there:
            changed = {"enabled_events": sorted(TYPES), "disabled": False}
            api.post("webhook_endpoints", there.id, key=str(uuid4()), **changed)
            return Registered(id=there.id)
        made = api.post(
            "webhook_endpoints",
            key=str(uuid4()),
            url=url,
            enabled_events=sorted(TYPES),
            api_version=stripe.api_version,
            description=_DESCRIPTION,
            **({"connect": True} if connected else {}),
        )
    except stripe.StripeError as error:
        raise translated(error, _MAKE) from None
    identity, secret = object_id(made.get("id")), text(made, "secret")
    if not identity or not secret:
        raise ProviderTrouble(f"Stripe's answer cannot be read: could not {_MAKE}.")
    return Registered(id=identity, secret=secret)


def remove(api: StripeApi, endpoint_id: str) -> None:
    """Stripe sends nothing there any more. Raises ProviderTrouble or ProviderMisuse."""
    try:
        api.delete("webhook_endpoints", endpoint_id, key=str(uuid4()))
    except stripe.StripeError as error:
        raise translated(error, "remove the webhook endpoint") from None


def undelivered(api: StripeApi, since: datetime, until: datetime) -> list[str]:
    """The ids of events of our types that not every endpoint of the account has taken, newest first, at most a page.

    Raises ProviderTrouble or ProviderMisuse.
    """
    period = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
    listed = api.get("read events", "events", delivery_success=False, created=period, limit=_PAGE).get("data")
    found = [expanded(one) for one in listed] if isinstance(listed, list) else []
    return [identity for one in found if text(one, "type") in TYPES and (identity := object_id(one.get("id")))]


def _all(api: StripeApi) -> Iterable[Json]:
    after: dict[str, str] = {}
    while True:
        page = api.get(_FIND, "webhook_endpoints", limit=_PAGE, **after)
        listed = page.get("data")
        if not isinstance(listed, list):
            # Taken for an empty list, a second endpoint would be made.
            raise ProviderTrouble(f"Stripe's answer cannot be read: could not {_FIND}.")
        yield from map(expanded, listed)
        if page.get("has_more") is not True or not listed:
            return
        after = {"starting_after": str(expanded(listed[-1]).get("id"))}


def _read(one: Json) -> Endpoint:
    listed = one.get("enabled_events")
    events = frozenset(map(str, listed)) if isinstance(listed, list) else frozenset()
    return Endpoint(
        id=str(one.get("id")),
        url=str(one.get("url")),
        enabled=one.get("status") == "enabled",
        lacks=() if "*" in events else tuple(sorted(TYPES - events)),
    )
