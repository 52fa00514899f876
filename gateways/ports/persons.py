"""All that the ledger holds of one person, and its erasure."""

from datetime import datetime
from typing import Any, Protocol

Rows = dict[str, list[dict[str, Any]]]
"""By table, in order of the key: each row by its columns. Money in minor units, moments in UTC."""


class PersonBook(Protocol):
    """One customer's data over all tables."""

    def person(self, customer_id: str) -> Rows:
        """Every row about the customer or one of their cases, and what came in or was answered that names them. Tables
        without such a row are left out."""

    def erase_person(self, customer_id: str, at: datetime) -> bool:
        """Removes what identifies the person, in one transaction. Amounts, dates, outcomes and ids stay. An address
        that they wanted nothing at stays closed to everybody; only its hash is kept. Again, it changes nothing. False:
        nothing was done, because a case is open."""
