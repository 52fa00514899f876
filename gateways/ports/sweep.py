"""What the sweep needs of the payment provider and of the ledger, and what runs a sweep needs of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from domain.sweep import Sweep


class EventPage(NamedTuple):
    """Events of a stretch of time, the oldest first."""

    events: Sequence[Mapping[str, Any]]
    more: bool  # than fit: these are the newest of them


class SeenInvoice(NamedTuple):
    """An open invoice as a list shows it."""

    id: str
    tried: bool  # a charge of it was tried
    sent: bool
    due_at: datetime | None  # UTC, of one that was sent


class InvoicePage(NamedTuple):
    """Open invoices, the newest first."""

    invoices: Sequence[SeenInvoice]
    after: str | None  # leads to the next page; None: this is the last


class Lists(Protocol):
    """What the payment provider lists. Raises ProviderTrouble or ProviderMisuse."""

    def events(self, since: datetime, until: datetime) -> EventPage:
        """Those that happened at `since` or later, and before `until`, as the provider's webhooks show them."""

    def all_events(self, since: datetime, until: datetime) -> Sequence[Mapping[str, Any]]:
        """As `events`, however many there are: for a stretch that cannot be made shorter."""

    def open_invoices(self, since: datetime, after: str | None) -> InvoicePage:
        """Those that were made at `since` or later."""


class SweepBook(Protocol):
    """Every sweep, and how far it has come."""

    def newest_sweep(self) -> Sweep | None: ...

    def last_sweep(self) -> Sweep | None:
        """The one that ended last."""

    def keep_sweep(self, sweep: Sweep) -> None:
        """Keeps how far it has come. Sweeps of three months ago are forgotten."""


class Sweeper(Protocol):
    """A sweep, page by page. Everything may be done again after a crash."""

    async def begin(self, *, whole: bool = False) -> Sweep:
        """The one that was interrupted, or a new one; `whole`: a new one from the very beginning."""

    async def page(self, sweep: Sweep) -> Sweep:
        """Looks at one more page, mends what it finds, and keeps how far it has come."""
