"""Whose a charge is: a charge does not name the request that began it, but the events about it do."""

from gateways.stripe_api import StripeApi
from gateways.stripe_fields import Json, expanded, object_id, text

_BEGINNINGS = ["charge.pending", "charge.succeeded", "charge.failed"]
_SECONDS = 5
"""Within which Stripe makes the event of a charge's beginning."""


def is_of_another(api: StripeApi, charge: Json, key: str) -> bool:
    """Whether Stripe's events say that a request with another idempotency key, or with none, began the charge.

    False where they say nothing any more: Stripe keeps them for 30 days. Raises as `StripeApi.get`.
    """
    at = charge.get("created")
    if not isinstance(at, int):
        return False
    what = f"find out who began charge {charge.get('id')}"
    events = api.every(what, "events", types=_BEGINNINGS, created={"gte": at, "lte": at + _SECONDS})
    about = [one for one in events if object_id(expanded(one.get("data")).get("object")) == charge.get("id")]
    return bool(about) and all(text(expanded(one.get("request")), "idempotency_key") != key for one in about)
