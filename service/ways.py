"""How a customer wants to be reached, as the merchant says it: the channel they prefer, who they are on LINE, and when
they may be called."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from domain import events
from domain.base import Frozen
from domain.call_hours import CallHours, CallTime, stated, written
from domain.habits import Written
from domain.steps import Channel
from gateways import billing_events
from gateways.ports.access import AccessBook, Asked
from gateways.ports.ledger import Ledger
from gateways.provider_facts import AddressChanged
from service.mailroom import Mailroom, NotKept
from service.news import Told
from service.requests import Unavailable
from service.running import Ended, RunningCases
from service.threads import Threads

_DONE = 200
LineUser = Annotated[
    str,
    Field(
        pattern="^U[0-9a-f]{32}$",
        description="The customer's id at your LINE account's provider: `U` and 32 hexadecimal digits.",
    ),
]


class WaysChange(Frozen):
    """What is new. What is left out stays as it is; null erases it."""

    preferred_channel: Written | None = Field(
        default=None, description="Where the customer wants to hear from you: `best` tries it first."
    )
    line_user_id: LineUser | None = None
    call_hours: CallHours | None = Field(
        default=None,
        description="When the customer wants to be called, by their own clock: nobody calls them outside these hours.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say preferred_channel, line_user_id, call_hours, or several of them")
        return self


class WaysKnown(Frozen):
    """How the customer wants to be reached, as it is known now."""

    customer_id: str
    preferred_channel: Channel | None
    line_user_id: str | None
    call_hours: tuple[CallTime, ...] | None


class Ways:
    """mailroom: by it the open cases are told of a new address, whenever Temporal answers.

    Raises Unavailable, or ProviderTrouble when the ledger does not answer: the same may then be said again.
    """

    def __init__(self, ledger: Ledger, mailroom: Mailroom, threads: Threads, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._mailroom = mailroom
        self._threads = threads
        self._clock = clock

    async def change(self, customer_id: str, change: WaysChange) -> WaysKnown:
        """It holds for the person from the next decision of each case on, with or without a case today."""
        now = self._clock()
        news = await self._threads.run(_write, self._ledger, customer_id, change, now)
        if news:
            arrivals = [billing_events.address_changed(customer_id, channel, now) for channel in news]
            try:
                await self._mailroom.keep(billing_events.PROVIDER, arrivals)
            except NotKept as error:
                raise Unavailable(str(error)) from None
        return await self._threads.run(_known, self._ledger, customer_id)


class WaysByHand:
    """The same for a program that is given by hand: it tells the cases itself.

    Raises ProviderTrouble, and RPCError when Temporal does not answer; the ledger has it then, and so it holds.
    """

    def __init__(self, running: RunningCases, ledger: Ledger, audit: AccessBook, clock: Callable[[], datetime]) -> None:
        self._running = running
        self._ledger = ledger
        self._audit = audit
        self._clock = clock

    async def change(self, customer_id: str, change: WaysChange, by: str) -> WaysKnown:
        """`by`: who says so, for the audit."""
        asked = {"request_id": "", "key_id": "", "method": "PATCH", "path": f"/v1/customers/{customer_id}"}
        self._audit.asked(Asked(at=self._clock(), name=f"{by} (command line)", status=_DONE, **asked))
        now = self._clock()
        for channel in _write(self._ledger, customer_id, change, now):
            news = _news(channel, f"{customer_id}/{channel}/{now.isoformat()}")
            for case in self._ledger.open_cases_of(customer_id):
                with suppress(Ended):
                    await self._running.tell(case.invoice_id, "contact_changed", news)
        return _known(self._ledger, customer_id)


def _write(ledger: Ledger, customer_id: str, change: WaysChange, at: datetime) -> list[Channel | None]:
    """What is new for open cases: who the customer is on LINE, and the hours for calls (None)."""
    said = change.model_dump(exclude_unset=True)
    if "call_hours" in said:
        said |= {"call_hours": written(change.call_hours or ()) or None, "call_hours_at": at}
    before = ledger.customer_set(customer_id, said)
    news: list[Channel | None] = []
    if change.line_user_id is not None and change.line_user_id != before.line_user_id:
        news.append(Channel.LINE)
    if "call_hours" in said:
        news.append(None)  # also if it is said again: whoever said it before may have died before the cases were told
    return news


def _known(ledger: Ledger, customer_id: str) -> WaysKnown:
    customer = ledger.customer(customer_id)
    assert customer is not None  # noqa: S101 - it was written
    known = customer.model_dump(include=set(WaysKnown.model_fields))
    return WaysKnown(**known | {"call_hours": stated(customer.call_hours) or None})


def of_address(ledger: Ledger, fact: AddressChanged) -> Told:
    """Tells every open case of the person that an address, or the hours for calls, are new: what they are, the ledger
    has."""
    news = _news(fact.channel, fact.event_id)
    return [(case, "contact_changed", news) for case in ledger.open_cases_of(fact.customer_id)]


def _news(channel: Channel | None, event_id: str) -> events.ContactChanged:
    """With an id of a length that a case takes."""
    once = f"address-{hashlib.sha256(event_id.encode()).hexdigest()[:32]}"
    channels = (channel,) if channel else ()
    return events.ContactChanged(event_id=once, channels=channels, call_hours=channel is None)
