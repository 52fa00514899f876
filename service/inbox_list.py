"""What is in the inbox, for operators, and another try for what was refused."""

from collections.abc import Callable
from datetime import datetime

from domain.base import Frozen
from gateways.ports.inbox import DONE, REFUSED, WAITING, InboxBook, InboxRow
from service.requests import Unknown

STATES = (WAITING, DONE, REFUSED)


class Shown(Frozen):
    """One event, without its text: that holds names and addresses."""

    id: int
    provider: str
    event_id: str
    kind: str
    at: datetime
    state: str
    attempts: int
    next_try: datetime
    result: str | None
    note: str
    invoice_id: str | None


class InboxShelf:
    """Reads the inbox. Raises ProviderTrouble when the ledger does not answer."""

    def __init__(self, book: InboxBook, clock: Callable[[], datetime]) -> None:
        self._book = book
        self._clock = clock

    def page(self, state: str | None, after: int, limit: int) -> tuple[list[Shown], int | None]:
        """A page, oldest first, and after which id the next one begins; None: there is no next one."""
        rows = self._book.inbox(state, after, limit + 1)
        shown = [_shown(row) for row in rows[:limit]]
        return shown, shown[-1].id if len(rows) > limit else None

    def try_again(self, event_id: str) -> None:
        """Raises Unknown when no event with this id waits or was refused."""
        if not self._book.again(event_id, self._clock()):
            raise Unknown(f"No event {event_id} waits or was refused: see python starter.py inbox --refused.")


def _shown(row: InboxRow) -> Shown:
    return Shown(**{name: getattr(row, name) for name in Shown.model_fields})
