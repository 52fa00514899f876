"""All that a program may ask or order by the API, as one place that needs no Temporal to be opened."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime

from domain.record import Entry
from domain.steps import Channel
from gateways.ports.ledger import Ledger
from service.cases import CasePage, Cases
from service.correspondence import Said, messages_of
from service.desk import Desk
from service.directory import CustomerFile, CustomerPage, Directory
from service.feed import MALFORMED, REFUSED, Line, take_all
from service.inbox_list import InboxShelf
from service.intake import Intake
from service.naming import invoice_named, no_case
from service.requests import Refused, WrongRequest
from service.threads import Threads


class Office:
    """Reads from the ledger, and hands what concerns running cases to the desk.

    desk, intake: opened when they are first needed. Raise Unavailable when Temporal does not answer.
    """

    def __init__(
        self,
        ledger: Ledger,
        inbox: InboxShelf,
        threads: Threads,
        desk: Callable[[], Awaitable[Desk]],
        intake: Callable[[], Awaitable[Intake]],
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._directory = Directory(ledger, clock)
        self._threads = threads
        self.inbox = inbox
        self.desk = desk
        self.intake = intake

    async def take(self, record: object) -> Line:
        """Takes one record in: a failed invoice of a billing system, or an event of the payment provider.

        Raises WrongRequest for what is neither, and Refused for what cannot be taken.
        """
        [line] = [line async for line in take_all(await self.intake(), json.dumps([record]))]
        if line.result == MALFORMED:
            raise WrongRequest(line.problem)
        if line.result == REFUSED:
            raise Refused(line.problem)
        return line

    async def cases(
        self,
        status: str | None,
        customer_id: str | None,
        after: str | None,
        limit: int,
        owed_again: bool,
        search: str | None = None,
    ) -> CasePage:
        """A page of the list; `search`: only cases of the customers whom the directory finds under it."""

        def page() -> CasePage:
            customers = None if search is None else self._directory.named(search)
            return Cases(self._ledger).page(status, customer_id, after, limit, owed_again, customers)

        return await self._threads.run(page)

    async def record(self, invoice: str) -> list[Entry]:
        return await self._threads.run(self._record, invoice)

    def _record(self, invoice: str) -> list[Entry]:
        invoice_id = invoice_named(self._ledger, invoice)
        if self._ledger.case(invoice_id) is None:
            raise no_case(invoice_id)
        return self._ledger.record(invoice_id)

    async def messages(self, invoice: str) -> list[Said]:
        return (await self._threads.run(messages_of, self._ledger, invoice))[1]

    async def customers(self, named: str | None, after: str | None, limit: int) -> CustomerPage:
        return await self._threads.run(self._directory.page, named, after, limit)

    async def customer(self, customer_id: str) -> CustomerFile:
        """Raises Unknown."""
        return await self._threads.run(self._directory.one, customer_id)

    async def closed_channels(self, customer_id: str) -> dict[Channel, str]:
        return await self._threads.run(self._ledger.closed_channels, customer_id)
