"""What is counted and timed while the system works. Every word given here is one of few: no id, no name."""

from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Protocol

SWEPT_REFUSED = "refused"
"""Among what the sweep found: it could not be taken."""


class Call(Protocol):
    """One request to a provider that is under way."""

    def answered(self, status: int | None) -> None:
        """The HTTP status that came back; None: none did. Never called: it went well, or raised without a status."""


class Meter(Protocol):
    """May be shared by threads. Never raises."""

    def call(self, provider: str, operation: str) -> AbstractContextManager[Call]:
        """Times one request: `stripe`, `post invoices pay`. What is raised within goes on."""

    def arrived(self, provider: str, result: str) -> None:
        """A webhook was kept, or not."""

    def taken(self, provider: str, kind: str, result: str, age: timedelta) -> None:
        """An event has left the inbox. kind: the fact that it told. age: since it came in."""

    def delivered(self, result: str) -> None:
        """One of our events was sent to one endpoint."""

    def decided(self, does: str) -> None:
        """A case decided to wait, act or close."""

    def postponed(self, rule: str | None) -> None:
        """A rule, with or without its edition, allows a step later."""

    def refused(self, rule: str | None) -> None:
        """A rule does not allow a step."""

    def charged(self, decline_class: str | None, outcome: str) -> None:
        """A charge attempt has its outcome."""

    def contacted(self, channel: str, result: str) -> None:
        """A message was sent, or why not."""

    def swept(self, result: str, number: int) -> None:
        """So many things were mended by the sweep, of a kind, or could not be taken."""


class _Unwatched:
    def answered(self, status: int | None) -> None:
        pass


class NoMeter:
    """For whoever is not watched: the command line, the tests."""

    def call(self, provider: str, operation: str) -> AbstractContextManager[Call]:  # noqa: ARG002 - the port's signature
        return nullcontext(_UNWATCHED)

    def arrived(self, provider: str, result: str) -> None: ...
    def taken(self, provider: str, kind: str, result: str, age: timedelta) -> None: ...
    def delivered(self, result: str) -> None: ...
    def decided(self, does: str) -> None: ...
    def postponed(self, rule: str | None) -> None: ...
    def refused(self, rule: str | None) -> None: ...
    def charged(self, decline_class: str | None, outcome: str) -> None: ...
    def contacted(self, channel: str, result: str) -> None: ...
    def swept(self, result: str, number: int) -> None: ...


_UNWATCHED = _Unwatched()
NO_METER = NoMeter()
