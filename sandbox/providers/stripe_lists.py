"""Stripe's lists: pages, their bounds, and ranges of time (docs.stripe.com/api/pagination, /events/list)."""

from collections.abc import Mapping
from datetime import timedelta

from sandbox.providers.journal import Json
from sandbox.providers.stripe_store import StripeStore, invalid_request

Params = Mapping[str, str]

LIST_PARAMS = frozenset({"limit", "starting_after", "ending_before"})
MOST_TYPES = 20
EVENTS_KEPT_FOR = timedelta(days=30)
_MOST = 100


def in_range(created: int, params: Params) -> bool:
    return (
        created >= int(params.get("created[gte]", created))
        and created <= int(params.get("created[lte]", created))
        and created > int(params.get("created[gt]", created - 1))
        and created < int(params.get("created[lt]", created + 1))
    )


def page(store: StripeStore, kind: str, found: list[Json], url: str, params: Params) -> Json:
    """One page of a list whose newest object is first.

    An object that a page begins after need not be in the list any more: an invoice may have been paid meanwhile. But it
    has to be there.
    """
    limit = _limit(params)
    if "starting_after" in params and "ending_before" in params:
        raise invalid_request("You may only specify one of these parameters: ending_before, starting_after.")
    if "ending_before" in params:
        newer = _newer(store, kind, params["ending_before"], "ending_before")
        there = [obj for obj in found if obj["id"] in newer]
        return _answer(there[-limit:], url, more=len(there) > limit)
    if "starting_after" in params:
        after = params["starting_after"]
        newer = _newer(store, kind, after, "starting_after") | {after}
        found = [obj for obj in found if obj["id"] not in newer]
    return _answer(found[:limit], url, more=len(found) > limit)


def _answer(data: list[Json], url: str, *, more: bool) -> Json:
    return {"object": "list", "data": data, "has_more": more, "url": url}


def _limit(params: Params) -> int:
    written = params.get("limit", "10")
    if not written.isdecimal():
        raise invalid_request(f"Invalid integer: {written}", code="parameter_invalid_integer", param="limit")
    if int(written) > _MOST:
        raise invalid_request(
            f"This value must be less than or equal to {_MOST} (it currently is '{written}').", param="limit"
        )
    if int(written) < 1:
        raise invalid_request(
            f"This value must be greater than or equal to 1 (it currently is '{written}').", param="limit"
        )
    return int(written)


def _newer(store: StripeStore, kind: str, id_: str, param: str) -> set[str]:
    """The ids of all that is newer than the object."""
    ids = [obj["id"] for obj in (store.events if kind == "event" else store.of_kind(kind))]
    if id_ not in ids:
        raise invalid_request(f"No such {kind}: '{id_}'", code="resource_missing", param=param)
    return set(ids[ids.index(id_) + 1 :])
