"""What providers say by webhook: as it arrived, and as the inbox keeps it until somebody has taken it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from pydantic import Field

from domain.base import Frozen

WAITING, DONE, REFUSED = "waiting", "done", "refused"


class NotGenuine(Exception):
    """The signature is missing, wrong or too old. One sentence, without anything of the request."""


class Unreadable(Exception):
    """The sender is genuine, and what it says is not what it documents. One sentence."""


class Arrival(Frozen):
    """One event of a provider. Its text is kept as it came and read only when it is handed on."""

    provider: str
    event_id: str  # the provider's own, the same however often it delivers the event
    kind: str  # the provider's own word
    body: str = Field(repr=False)  # JSON


class InboxRow(Arrival):
    """An event in the inbox.

    state: waiting, done, or refused (somebody has to look at it).
    """

    id: int  # in the order of arrival
    at: datetime  # UTC, when it arrived
    state: str = WAITING
    attempts: int = 0  # that failed
    next_try: datetime  # not before
    result: str | None = None  # what became of it, a word of service/feed.py
    note: str = ""  # one sentence: why it was refused, or why the last try failed
    invoice_id: str | None = None
    ended_at: datetime | None = None


class Webhook(Protocol):
    """A provider's way of telling us."""

    def open(self, body: bytes, headers: Mapping[str, str], target: str) -> Sequence[Arrival]:
        """The events of one request. Raises NotGenuine or Unreadable.

        headers: names in lower case.
        target:  path and query, as the request line has them.
        """


class Completion(Protocol):
    """Reads what an event only names. Blocks."""

    def needs(self, body: str) -> bool:
        """Whether the event has to be completed before it says anything. `body`: its JSON."""

    def complete(self, body: str) -> Mapping[str, Any]:
        """The whole event. Raises MalformedEvent, ForeignEvent, NotFound, ProviderTrouble or ProviderMisuse."""


class InboxBook(Protocol):
    """Every event that came in, once by provider and event id."""

    def keep(self, arrivals: Sequence[Arrival], at: datetime) -> set[tuple[str, str]]:
        """Keeps those that are new, in one transaction; provider and event id of each that was."""

    def waiting(self, after: int, limit: int) -> list[InboxRow]:
        """A page of those that wait, oldest first, whether their next try has come or not. after: the id of the last
        one of the page before."""

    def ended(self, event: int, state: str, result: str, note: str, invoice_id: str | None, at: datetime) -> None:
        """The event is done with, or refused."""

    def completed(self, event: int, body: str) -> None:
        """What it only named has been read: the text of the whole event takes the place of its own."""

    def failed(self, event: int, why: str, next_try: datetime) -> None:
        """One more try failed."""

    def again(self, event_id: str, at: datetime) -> bool:
        """Lets a refused or waiting event be tried again at once. False: there is no such event, or it is done."""

    def kept(self, provider: str, event_ids: Sequence[str]) -> set[str]:
        """Which of these events came in, and are not forgotten."""

    def inbox(self, state: str | None = None, after: int = 0, limit: int = 50) -> list[InboxRow]:
        """A page, oldest first."""

    def forget(self, before: datetime) -> int:
        """Deletes what was done before that time; how many were. What waits or was refused stays."""

    def lease(self, name: str, holder: str, at: datetime, lasts: timedelta) -> bool:
        """Takes or renews a lease that one process holds at a time; whether it is the holder's."""
