"""Events out: what the merchant's systems are told, where, and whether they have taken it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from pydantic import Field

from domain.base import Frozen
from domain.outbox import CaseRef, Event

WAITING, DONE, GIVEN_UP = "waiting", "done", "given_up"


class Endpoint(Frozen):
    """Where events are sent. Disabled, it gets none until it is replayed."""

    endpoint_id: str
    url: str
    secret: str = Field(repr=False)  # whsec_…
    old_secret: str | None = Field(default=None, repr=False)  # signs as well, until `old_until`
    old_until: datetime | None = None
    types: tuple[str, ...] | None = None  # None: every type
    made_at: datetime
    failures: int = 0  # since it last took something
    failing_since: datetime | None = None
    next_try: datetime | None = None  # nothing is sent before
    note: str = ""  # why the last try failed, or why it is disabled
    disabled_at: datetime | None = None


class Outgoing(Frozen):
    """One event for one endpoint."""

    event_id: int  # in the order in which events were kept
    message_id: str  # the same whenever it is sent
    case: CaseRef
    event: Event
    attempts: int  # that failed
    first_try: datetime | None


class Backlog(NamedTuple):
    """What one endpoint has not taken."""

    waiting: int
    given_up: int


class DeliveryRow(Frozen):
    """One event on its way to one endpoint. state: waiting, done or given_up."""

    number: int  # in the order in which events were kept
    message_id: str
    invoice_id: str
    type: str
    at: datetime  # UTC, the case's own time
    state: str
    attempts: int  # that failed
    first_try: datetime | None  # that failed
    next_try: datetime | None  # of one that waits; None: as soon as possible
    note: str  # why the last try failed


class OutboxBook(Protocol):
    """The outbox and its endpoints."""

    def add_endpoint(self, endpoint: Endpoint) -> None: ...

    def endpoints(self) -> list[Endpoint]:
        """Oldest first."""

    def remove_endpoint(self, endpoint_id: str) -> bool:
        """With its deliveries. False: there is none."""

    def change_endpoint(self, endpoint_id: str, url: str, types: Sequence[str] | None) -> bool:
        """Another address is tried at once. Types count for what happens from now on. False: there is none."""

    def enable(self, endpoint_id: str) -> bool:
        """It gets what happens from now on. False: there is no such endpoint."""

    def deliveries(self, endpoint_id: str, state: str | None, after: int, limit: int) -> list[DeliveryRow]:
        """A page, oldest first, as long as the events are kept."""

    def rotate_secret(self, endpoint_id: str, secret: str, old_until: datetime) -> bool:
        """The present secret becomes the old one. False: there is no such endpoint."""

    def backlog(self, endpoint_id: str) -> Backlog: ...

    def replay(self, endpoint_id: str, since: datetime) -> int:
        """Lets every event that happened since then, and is of its types, be sent again; enables the endpoint. How
        many events there are."""

    def pass_on(self, limit: int) -> int:
        """Makes the deliveries of events that have none yet, oldest first; how many events were looked at."""

    def due(self, endpoint_id: str, at: datetime, limit: int) -> list[Outgoing]:
        """The oldest that waits of each case, of those whose time has come; oldest first."""

    def delivered(self, endpoint_id: str, event_id: int) -> None:
        """The endpoint took it. If it was failing, what waits for a later try is due at once."""

    def not_delivered(self, endpoint_id: str, event_id: int, why: str, at: datetime, next_try: datetime | None) -> None:
        """The endpoint did not take it. next_try: None: it is given up."""

    def rest(self, endpoint_id: str, at: datetime, until: datetime, why: str) -> None:
        """The endpoint took nothing of what it was sent: it is left alone until then."""

    def disable(self, endpoint_id: str, at: datetime, why: str) -> None:
        """Nothing is sent there any more, and what waits is given up."""

    def forget_events(self, before: datetime) -> int:
        """Deletes events that happened before, and that no endpoint waits for; how many were."""


class Answer(NamedTuple):
    """What an endpoint answered to one event."""

    taken: bool
    why: str = ""
    gone: bool = False  # it wants no more
    retry_after: float | None = None  # seconds


class Post(Protocol):
    """The way to an endpoint."""

    async def send(self, url: str, secrets: Sequence[str], message_id: str, body: str) -> Answer:
        """One try. Never raises for what an endpoint or the network does."""
