"""Everything that the ledger has of one kind, page after page: cases, their records, messages, customers."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

from domain.base import Frozen
from domain.money import Money
from gateways.ports.exports import ExportBook, MessageLine, RecordLine
from service.cases import Cases
from service.directory import Directory
from service.threads import Threads

__all__ = ["PAGE", "CustomerLine", "Exports", "MessageLine", "Pages", "RecordLine"]

PAGE = 500
Pages = AsyncIterator[Sequence[Frozen]]


class CustomerLine(Frozen):
    """One customer, without name and addresses."""

    customer_id: str
    country: str
    region: str
    language: str
    time_zone: str | None
    segment: str
    open_cases: int
    due: tuple[Money, ...]


class Exports:
    """Each method gives pages that are read when they are asked for. Raises ProviderTrouble when the ledger does not
    answer, WrongRequest for a filter that means nothing: both with the first page."""

    def __init__(self, cases: Cases, directory: Directory, book: ExportBook, threads: Threads) -> None:
        self._cases = cases
        self._directory = directory
        self._book = book
        self._threads = threads

    async def cases(self, status: str | None) -> Pages:
        """The oldest first."""
        after: str | None = None
        while True:
            page = await self._threads.run(self._cases.page, status, None, after, PAGE)
            yield page.cases
            after = page.after
            if after is None:
                return

    async def customers(self) -> Pages:
        """In order of their ids."""
        after: str | None = None
        while True:
            page = await self._threads.run(self._directory.page, None, after, PAGE)
            known = {name for name in CustomerLine.model_fields if name not in ("open_cases", "due")}
            yield [
                CustomerLine(**one.customer.model_dump(include=known), open_cases=one.open_cases, due=one.due)
                for one in page.customers
            ]
            after = page.after
            if after is None:
                return

    def records(self, since: datetime | None) -> Pages:
        """In the order in which they were kept."""
        return self._numbered(self._book.records_after, since)

    def messages(self, since: datetime | None) -> Pages:
        """In the order in which they were begun."""
        return self._numbered(self._book.messages_after, since)

    async def _numbered(
        self, read: Callable[[int, int, datetime | None], Sequence[RecordLine | MessageLine]], since: datetime | None
    ) -> Pages:
        after = 0
        while True:
            page = await self._threads.run(read, after, PAGE, since)
            yield page
            if len(page) < PAGE:
                return
            after = page[-1].number
