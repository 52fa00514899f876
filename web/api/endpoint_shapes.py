"""What the API says of the merchant's endpoints, and takes about them."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import ConfigDict, Field

from domain.base import Frozen
from domain.moments import Moment
from domain.texts import Printable

EndpointId = Annotated[str, Path(min_length=1, max_length=64, description="`ep_…`."), Printable]
Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2_000,
        description="Where events are posted to: https, and a public address.",
        examples=["https://example.com/events"],
    ),
]
Types = Annotated[
    list[str],
    Field(
        max_length=100,
        description="Only events of these types (docs/events.md); empty: every type.",
        examples=[["case.recovered", "payment.received"]],
    ),
]


class EndpointOrder(Frozen):
    """A new endpoint. It gets what happens from now on."""

    url: Url
    types: Types = Field(default_factory=list)


class EndpointChange(Frozen):
    """What is left out, or null, stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"types": ["case.closed"]}]})

    url: Url | None = None
    types: Types | None = None


class EndpointAnswer(Frozen):
    """One endpoint, without its secret."""

    endpoint_id: str
    url: str
    types: list[str] | None = Field(description="Null: every type.")
    made_at: datetime
    state: str = Field(description="`works`, `fails`, or `disabled`.")
    waiting: int = Field(description="Events that it has not taken yet.")
    given_up: int
    failing_since: datetime | None
    next_try: datetime | None
    disabled_at: datetime | None
    note: str = Field(description="Why the last try failed, or why it is disabled.")


class EndpointsAnswer(Frozen):
    endpoints: list[EndpointAnswer] = Field(description="Oldest first.")


class SecretAnswer(Frozen):
    """A secret, which nobody can ask for again: `whsec_…`, as the libraries of Standard Webhooks take it."""

    endpoint_id: str
    secret: str


class RotateOrder(Frozen):
    grace_hours: int = Field(default=24, ge=0, le=24 * 90, description="For so long the old secret signs as well.")


class ReplayOrder(Frozen):
    since: Moment = Field(description="All that happened from then on.", examples=["2030-04-01T00:00:00Z"])


class ReplayAnswer(Frozen):
    endpoint_id: str
    sent_again: int = Field(description="So many events.")


class TrialAnswer(Frozen):
    """What the endpoint answered to one event of type `endpoint.test`."""

    endpoint_id: str
    taken: bool
    why: str = Field(description="Why it was not taken.")


class DeliveryLine(Frozen):
    """One event on its way to the endpoint."""

    number: int = Field(description="In the order in which events were kept.")
    message_id: str = Field(description="What the endpoint sees as `webhook-id`.")
    invoice_id: str
    type: str
    at: datetime
    state: str
    attempts: int = Field(description="That failed.")
    first_try: datetime | None = Field(description="That failed.")
    next_try: datetime | None
    note: str = Field(description="Why the last try failed.")


class DeliveriesAnswer(Frozen):
    deliveries: list[DeliveryLine]
    after: int | None = Field(description="Where the next page begins; null on the last.")
