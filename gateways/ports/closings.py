"""What the activities need to end a conversation: which notices stand, and which cases are over together."""

from datetime import datetime
from typing import Protocol

from domain.record import Entry
from gateways.ports.rows import ContactRow


class ClosingBook(Protocol):
    """What is left to do towards a customer."""

    def standing_notices(self, customer_id: str) -> list[ContactRow]:
        """The notices of all of the customer's cases that may be seen in the application, oldest first."""

    def notice_withdrawn(self, notice: ContactRow, at: datetime, entry: Entry) -> None:
        """The notice stands no more, with its entry in the record. Withdrawn already: nothing happens."""

    def over_since(self, customer_id: str, since: datetime) -> list[str]:
        """The invoices of the customer's cases that were decided about since a moment and are closed or with an agency,
        oldest first."""

    def states_decided_since(self, since: datetime, after: str | None, limit: int) -> list[tuple[str, str]]:
        """(invoice id, state) of one page of all cases that were decided about since a moment, open or not, in order of
        the id, after `after`."""


class NoticeBoard(Protocol):
    """Where notices are shown: the merchant's application."""

    def withdraw(self, customer_id: str, notice: str, key: str) -> None:
        """Takes one notice back, by the key that it was handed over with; `key` is that of this request. One that the
        application does not know, or has no more, is success. Raises ProviderTrouble or ProviderMisuse."""
