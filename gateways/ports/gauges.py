"""How things stand at a moment, for whoever watches."""

from datetime import datetime
from typing import NamedTuple, Protocol


class Backlog(NamedTuple):
    """How much waits, and since when the oldest of it does (UTC; None: nothing waits)."""

    waiting: int
    since: datetime | None


class Standing(NamedTuple):
    """By currency (ISO 4217): how many cases are not closed, and what is due on them, in minor units."""

    open_cases: dict[str, int]
    open_amount: dict[str, int]
    for_operator: int
    late: int
    inbox: Backlog
    inbox_refused: int
    outbox: Backlog
    endpoints_disabled: int
    swept_at: datetime | None  # when a sweep ended last (UTC)


class Gauges(Protocol):
    def standing(self, late_before: datetime) -> Standing:
        """late_before: a case that is not closed and whose next step was due before is late. UTC.

        Raises ProviderTrouble when the ledger does not answer.
        """
