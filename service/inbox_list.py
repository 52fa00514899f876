"""What is in the inbox, for operators, and another try for what was refused."""

from datetime import datetime

from domain.base import Frozen
from gateways.ports.inbox import REFUSED, WAITING, InboxBook, InboxRow

STATES = (WAITING, "done", REFUSED)


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


def page(book: InboxBook, state: str | None, after: int, limit: int) -> tuple[list[Shown], int | None]:
    """A page, oldest first, and after which id the next one begins; None: there is no next one."""
    rows = book.inbox(state, after, limit + 1)
    shown = [_shown(row) for row in rows[:limit]]
    return shown, shown[-1].id if len(rows) > limit else None


def try_again(book: InboxBook, event_id: str, now: datetime) -> bool:
    """False: no event with this id waits or was refused."""
    tried = [book.again(provider, event_id, now) for provider in ("stripe", "sendgrid", "twilio")]
    return any(tried)


def _shown(row: InboxRow) -> Shown:
    return Shown(**{name: getattr(row, name) for name in Shown.model_fields})
