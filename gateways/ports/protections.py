"""What protects customers as persons, whether they have a case or not."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.protection import Protected, Protection


class ProtectionBook(Protocol):
    """What was said of each customer, for ever."""

    def protect(self, customer_id: str, said: Protected) -> None:
        """Once per customer, event id and kind."""

    def unprotect(self, customer_id: str, protection: Protection, at: datetime, by: str, note: str) -> None:
        """What was said of this kind until `at` holds no more."""

    def protections(self, customer_id: str) -> Sequence[Protected]:
        """All that was said, oldest first."""
