"""What a list of cases expects of the ledger: so little that it is a port of its own, quick to load."""

from collections.abc import Sequence
from typing import Protocol

from gateways.ports.rows import CaseRow, Cursor, Page


class CaseList(Protocol):
    """The cases, a page at a time."""

    def cases(
        self,
        status: str | None = None,
        customer_id: str | None = None,
        segment: str | None = None,
        after: Cursor | None = None,
        limit: int = 50,
        owed_again: bool = False,
        customers: Sequence[str] | None = None,
    ) -> Page[CaseRow]:
        """One page, oldest case first. `owed_again`: only those whose money was taken back after
        the end, and was not billed anew. `customers`: only those of these, by their ids."""
