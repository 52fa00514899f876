"""Notices in the merchant's application that are not true any more."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.ids import withdrawal_key
from domain.record import Entry
from gateways.ports.closings import NoticeBoard
from gateways.ports.ledger import Ledger
from gateways.ports.rows import ContactRow
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble

_SOON = timedelta(minutes=10)
_LATER = timedelta(days=1)
"""An application that does not know the request learns it no sooner."""


class StandingNotices:
    """Withdraws notices, each by one key: a lost answer, or a worker's death, at most asks the application again."""

    def __init__(self, ledger: Ledger, board: NoticeBoard | None) -> None:
        """board: None, where no application is set up."""
        self._ledger = ledger
        self._board = board

    def about(self, customer_id: str, invoice_id: str) -> list[ContactRow]:
        """Those that ask for the money of an invoice: its own, and those of other invoices that name it."""
        standing = self._ledger.standing_notices(customer_id)
        asking = [one for one in standing if one.said is None or one.said.closed is None]
        return [one for one in asking if invoice_id == one.invoice_id or invoice_id in one.names]

    def replaced_by(self, customer_id: str, key: str) -> list[ContactRow]:
        """Those of before the newest one, which names all that is unpaid."""
        return [one for one in self._ledger.standing_notices(customer_id) if one.key != key]

    def withdraw(self, customer_id: str, notices: Iterable[ContactRow], at: datetime, why: str) -> datetime | None:
        """Withdraws them. When to try again, where the application does not take it; None: none of them stands."""
        if (board := self._board) is None:
            return None
        again: datetime | None = None
        for notice in notices:
            try:
                board.withdraw(customer_id, notice.key, withdrawal_key(notice.key))
            except (ProviderTrouble, ProviderMisuse) as error:
                again = at + (_LATER if isinstance(error, ProviderMisuse) else _SOON)
                continue
            entry = Entry(at=at, step=notice.step, what="notice withdrawn", why=why)
            self._ledger.notice_withdrawn(notice, at, entry)
        return again
