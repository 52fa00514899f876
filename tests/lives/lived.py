"""A household at its end, and what is known of how it came there."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.decisions import Effect
from gateways.ledger.sql_ledger import SqlLedger
from gateways.policy_files import PolicyStore
from sandbox.providers.journal import LogEntry
from sandbox.providers.world import ProviderWorld
from tests.lives.household import Household
from tests.lives.temporal import Held


class Unlived(AssertionError):
    """A property does not hold. The message says which, of which case, and how to live it again."""


@dataclass
class Done:
    """What one try of an activity did at the providers."""

    at: datetime
    invoice: str
    effect: Effect
    paying: bool  # a payment of the invoice was on its way before
    status: str  # the invoice's, before
    owed: int  # minor units that remained before
    entries: list[LogEntry]


@dataclass
class Lived:
    """One household at its end."""

    house: Household
    world: ProviderWorld
    ledger: SqlLedger
    policies: PolicyStore
    cases: dict[str, Held]
    done: list[Done] = field(default_factory=list)
    asked: dict[str, list[datetime]] = field(default_factory=dict)  # invoice → when a human was asked about its end
    ordered: dict[str, list[str]] = field(default_factory=dict)  # invoice → orders that were given
    skipped: list[tuple[int, str, str]] = field(default_factory=list)  # (before which of `done`, invoice, step)
    wished: list[tuple[int, str, str]] = field(default_factory=list)  # (before which of the log, invoice, channel)
    reopened: list[tuple[int, str, str]] = field(default_factory=list)  # (before which of the log, customer, channel)
    not_arrived: list[tuple[datetime, str, str]] = field(default_factory=list)  # (when, invoice, channel)
    failures: list[tuple[datetime, str, datetime]] = field(default_factory=list)  # (told when, invoice, of when)
    out_of_band: dict[str, int] = field(default_factory=dict)  # invoice → what others recorded at Stripe as paid
    away: timedelta = timedelta(0)
    story: list[str] = field(default_factory=list)

    def was_told(self, invoice: str, failed_at: datetime, by: datetime) -> bool:
        """Whether we had been told by then of a payment of the invoice that failed, or of one that failed later."""
        return any(told <= by and of == invoice and at >= failed_at for told, of, at in self.failures)
