"""Thin events: Stripe's notifications that only name what happened. What they name is read, later than they come."""

import json

from gateways.provider_facts import ForeignEvent, MalformedEvent
from gateways.stripe_api import StripeApi
from gateways.stripe_fields import Json, text
from gateways.stripe_origin import Served

_THIN = "v2.core.event"


def is_thin(event: Json) -> bool:
    """Whether it is a notification, or an event of the second API: neither has the object that it is about."""
    return text(event, "object") == _THIN


class ThinEvents:
    """`ports.Completion` of Stripe."""

    def __init__(self, api: StripeApi, served: Served) -> None:
        self._api = api
        self._served = served

    def needs(self, body: str) -> bool:
        return _THIN in body and is_thin(json.loads(body))

    def complete(self, body: str) -> Json:
        event = json.loads(body)
        # Another account's event is not even there for this key.
        if why := self._served.refuses(event):
            raise ForeignEvent(f"Event {str(event.get('id'))[:255]} is not taken: {why}.")
        try:
            found = self._api.thin_event(body)
        except ValueError as error:
            raise MalformedEvent(f"The notification cannot be read. {error}") from None
        if is_thin(found):
            raise ForeignEvent("It is about nothing that the first version of Stripe's API has: no case is about it.")
        return found
