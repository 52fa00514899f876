"""What Stripe lists, for whoever looks for what was missed: its events and its open invoices."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gateways.ports.sweep import EventPage, InvoicePage, SeenInvoice
from gateways.ports.trouble import ProviderTrouble
from gateways.stripe_api import PAGE, StripeApi
from gateways.stripe_fields import Json, expanded, moment, object_id


class StripeLists:
    """`ports.Lists` over Stripe's API. Safe to be shared by threads."""

    def __init__(self, api: StripeApi) -> None:
        self._api = api

    def events(self, since: datetime, until: datetime) -> EventPage:
        events, more = self._page("list the events", "events", _between(since, until))
        # Stripe lists the newest first.
        return EventPage(events[::-1], more)

    def all_events(self, since: datetime, until: datetime) -> Sequence[Mapping[str, Any]]:
        found: list[Json] = []
        params = _between(since, until)
        more = True
        while more:
            events, more = self._page("list the events", "events", params)
            found += events
            params = params | {"starting_after": _last(events)}
        return found[::-1]

    def open_invoices(self, since: datetime, after: str | None) -> InvoicePage:
        params: dict[str, Any] = {"status": "open", "created": {"gte": _seconds(since)}}
        if after:
            params["starting_after"] = after
        invoices, more = self._page("list the open invoices", "invoices", params)
        return InvoicePage([_seen(invoice) for invoice in invoices], _last(invoices) if more else None)

    def _page(self, what: str, path: str, params: dict[str, Any]) -> tuple[list[Json], bool]:
        answer = self._api.get(what, path, limit=PAGE, **params)
        listed = answer.get("data")
        if not isinstance(listed, list) or not all(object_id(one) for one in listed):
            # Taken for the end of the list, all that follows would be missed.
            raise ProviderTrouble(f"Stripe's answer cannot be read: could not {what}.")
        return [expanded(one) for one in listed], answer.get("has_more") is True and bool(listed)


def _between(since: datetime, until: datetime) -> dict[str, Any]:
    return {"created": {"gte": _seconds(since), "lt": _seconds(until)}}


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _last(listed: Sequence[Json]) -> str | None:
    return object_id(listed[-1]) if listed else None


def _seen(invoice: Json) -> SeenInvoice:
    return SeenInvoice(
        id=object_id(invoice) or "",
        tried=invoice.get("attempted") is True,
        sent=invoice.get("collection_method") == "send_invoice",
        due_at=moment(invoice.get("due_date")),
    )
