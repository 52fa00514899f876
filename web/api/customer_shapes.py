"""What the API says of customers, and what it is told of their consents."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, ConfigDict, Field

from domain.base import Frozen
from domain.call_hours import CallTime
from domain.consent import Purpose, Source
from domain.moments import Moment
from domain.money import Money
from domain.steps import Channel
from domain.texts import Printable, one_line
from service.consents import Wish
from web.api.shapes import EventId

CustomerId = Annotated[
    str, Path(min_length=1, max_length=255, description="As the payment provider has it."), Printable
]
Proof = Annotated[
    str,
    Field(
        max_length=500,
        description="How you know: a form and its version, a ticket. An opt-in needs it. No personal data.",
    ),
    AfterValidator(one_line),
]


class CustomerLine(Frozen):
    """One customer in the list."""

    customer_id: str
    name: str | None = Field(description="Null for auditors.")
    country: str = Field(description="ISO 3166-1 alpha-2; empty: not known.")
    region: str = Field(description="US state or Canadian province, by ISO 3166-2; empty: not known.")
    language: str
    open_cases: int
    due: list[Money] = Field(description="Now, over all open cases, one for each currency.")


class CustomersAnswer(Frozen):
    customers: list[CustomerLine]
    after: str | None = Field(description="Where the next page begins; null on the last.")


class OpenCase(Frozen):
    """One open case of the customer, as its newest decision left it."""

    invoice_id: str
    number: str | None
    status: str
    due: Money
    opened_at: datetime
    policy: str
    hold: str | None = Field(description="Why it stands still.")
    next_step: str | None
    next_step_at: datetime | None


class ClosedBy(Frozen):
    """One reason why a channel is closed."""

    why: str
    since: datetime
    source: Source = Field(description="By which way we learned of it; empty: from before that was kept.")
    wish: bool = Field(description="The customer's own: it holds at any address.")
    evidence: str = Field(description="The event that says so.")
    proof: str


class AddressAnswer(Frozen):
    """Whether the customer can be reached on a channel now."""

    channel: Channel
    state: str = Field(description="`open`, `closed`, or `missing`: no address that something could be sent to.")
    address: str | None = Field(description="Null for auditors, where there is none, and of a notice.")
    why: str | None = Field(description="Why it is closed.")
    closed_by: list[ClosedBy] = Field(description="Every reason that holds, the newest first.")


class ContactLine(Frozen):
    """One contact, without its text: that is in the case's messages."""

    at: datetime
    invoice_id: str
    channel: Channel
    stage: str
    state: str
    delivery: str | None = Field(description="What its provider said of it last.")


class CapAnswer(Frozen):
    """How often the customer may be contacted, over all cases, by the policy of an open one."""

    policy: str
    per_week: int
    distance: timedelta = Field(description="Between two contacts, as ISO 8601 has it.")
    used: int = Field(description="Within the last seven days. Notices are not counted.")
    next_at: datetime | None = Field(description="When there is room again; null: there is now.")


class ReplyLine(Frozen):
    """What the customer wrote to us."""

    reply: str  # its id, as the event `customer.wrote` has it
    at: datetime
    channel: Channel
    text: str


class CustomerAnswer(Frozen):
    """One customer, as the ledger knows them."""

    customer_id: str
    name: str | None = Field(description="Null for auditors.")
    country: str
    region: str
    language: str
    time_zone: str | None = Field(description="As it was stated.")
    time_zones: list[str] = Field(description="By all that is known; empty: nobody knows, so nothing may wake them.")
    segment: str
    preferred_channel: Channel | None = Field(description="Where they want to hear from us, as far as it is known.")
    call_hours: list[CallTime] | None = Field(
        description="When they want to be called, by their own clock; null: whenever law and policy allow it."
    )
    open_cases: list[OpenCase]
    due: list[Money]
    addresses: list[AddressAnswer]
    contacts: list[ContactLine] = Field(description="Of the last four weeks, oldest first.")
    caps: list[CapAnswer]
    replies: list[ReplyLine]


class Statement(Frozen):
    """One thing that the customer said of a channel, and how we know."""

    channel: Channel
    wish: Wish
    at: datetime
    source: Source = Field(description="By which way we learned of it; empty: from before that was kept.")
    proof: str
    event_id: str
    purpose: Purpose
    taken_back_at: datetime | None = Field(description="Of an opt-out: it holds no more since then.")


class ConsentsAnswer(Frozen):
    """What holds now, of the channels of which the customer has said something, and all that they said."""

    customer_id: str
    consents: list[Statement]
    history: list[Statement] = Field(description="Oldest first.")


class ConsentOrder(Frozen):
    """What the customer wants on the channel."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"wish": "opted_out", "event_id": "crm-1017", "proof": "ticket 4711"},
                {
                    "wish": "opted_in",
                    "event_id": "checkout-8812",
                    "at": "2026-11-20T09:30:00Z",
                    "proof": "checkout form, version 3",
                },
            ]
        }
    )

    wish: Wish
    event_id: EventId
    at: Moment | None = Field(default=None, description="When the customer said so; without it: now.")
    proof: Proof = ""
    purpose: Purpose = Field(
        default=Purpose.SERVICE,
        description="Messages of the account are `service`. `automated_calls` is an opt-in on `phone` to calls that no "
        "person makes; without one there are none. An opt-in to `promotion` is kept and opens nothing.",
    )
