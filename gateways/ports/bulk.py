"""Bulk orders: one order for many cases, kept until each of them has its answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from domain.base import Frozen
from gateways.ports.access import Asked


class BulkState(StrEnum):
    LOOKING = "looking"  # cases are chosen, and looked at
    SHOWN = "shown"  # the dry run is over: it can be run
    ORDERING = "ordering"
    DONE = "done"
    CANCELLED = "cancelled"


class LineState(StrEnum):
    """How one case of a bulk order stands."""

    NEW = "new"  # chosen, not looked at yet
    READY = "ready"  # it would be ordered
    REFUSED = "refused"  # it would be refused, or was
    ASKED = "asked"  # it is being ordered
    DONE = "done"
    OVERTAKEN = "overtaken"  # it changed since it was looked at: not ordered
    UNANSWERED = "unanswered"  # nobody answered for a day: perhaps it was ordered
    LEFT = "left"  # cancelled before its turn


class Chosen(Frozen):
    """Which cases, as the list of cases has it."""

    status: str | None = None
    customer_id: str | None = None
    owed_again: bool = False


class Bulk(Frozen):
    """One bulk order."""

    bulk_id: str
    name: str  # of the order, in domain/telling.py
    body: dict[str, Any]  # what it says, without who gives it
    chosen: Chosen | None  # None: the cases were named
    dry_run: bool
    key_id: str
    by: str  # whose key it is
    made_at: datetime
    state: BulkState = BulkState.LOOKING
    selected: bool  # whether all of its cases are chosen
    place: str | None = None  # where choosing goes on
    note: str = ""  # what it waits for, or why it ended before its end
    cancelled_at: datetime | None = None
    ended_at: datetime | None = None


class BulkLine(Frozen):
    """One case of it."""

    number: int
    invoice_id: str
    state: LineState = LineState.NEW
    version: str = ""  # of the case, as it was looked at
    then: str = ""  # what it does next once it is ordered
    why: str = ""  # why not
    asked_at: datetime | None = None  # for the first time


class Became(NamedTuple):
    """What became of one case."""

    state: LineState
    status: int  # as the API would have answered; 0: not known
    then: str = ""
    why: str = ""


class BulkBook(Protocol):
    """Each call is one transaction. Raises ProviderTrouble."""

    def make_bulk(self, bulk: Bulk, invoices: Sequence[str]) -> None:
        """Writes it down with the cases that were named, each once. One with its id stays as it is."""

    def bulk(self, bulk_id: str) -> Bulk | None: ...

    def bulks(self, before: str | None, limit: int) -> list[Bulk]:
        """A page, newest first."""

    def bulks_to_work_on(self) -> list[Bulk]:
        """Oldest first."""

    def choose(self, bulk_id: str, invoices: Sequence[str], place: str | None) -> None:
        """Adds cases, each once, and where choosing goes on; None: these were the last."""

    def bulk_lines(self, bulk_id: str, states: Sequence[LineState], after: int, limit: int) -> list[BulkLine]:
        """A page in order of their numbers. No states: all."""

    def lines_to_look_at(self, bulk_id: str, limit: int) -> list[BulkLine]: ...

    def lines_to_order(self, bulk_id: str, limit: int) -> list[BulkLine]:
        """Those that wait for their answer or their turn, the ones that were tried least first."""

    def looked_at(self, bulk_id: str, lines: Sequence[BulkLine]) -> None:
        """Keeps how new lines look; one that is not new any more stays as it is."""

    def begin_line(self, bulk_id: str, number: int, asked: Asked) -> bool:
        """Writes down, with its row of the audit, that the case is ordered now. Begun before: the same row.
        False: it is not to be ordered any more."""

    def end_line(self, bulk_id: str, number: int, became: Became) -> None:
        """Writes down what became of it, and the status in its row of the audit."""

    def move(self, bulk_id: str, before: BulkState, after: BulkState, at: datetime) -> bool:
        """False: it was not in that state. Done of one that was cancelled is cancelled."""

    def cancel(self, bulk_id: str, at: datetime, note: str) -> bool:
        """Leaves out all cases that were not begun. False: it had ended."""

    def note_trouble(self, bulk_id: str, note: str) -> None: ...

    def tally(self, bulk_id: str) -> Mapping[LineState, int]:
        """How many lines are in each state."""

    def forget_bulks(self, before: datetime) -> None:
        """Forgets those that ended, or were shown and never run, and were made before."""
