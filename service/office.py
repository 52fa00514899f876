"""All that a program may ask or order by the API, as one place that needs no Temporal to be opened."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from domain.record import Entry
from gateways.ports.ledger import Ledger
from gateways.ports.rows import Reply
from service.cases import CasePage, Cases
from service.correspondence import Said, messages_of
from service.desk import Desk
from service.feed import MALFORMED, REFUSED, Line, take_all
from service.inbox_list import InboxShelf
from service.intake import Intake
from service.naming import invoice_named, no_case
from service.requests import Refused, Unknown, WrongRequest
from service.threads import Threads


@dataclass(frozen=True)
class CustomerFile:
    """How a customer may be reached, without the addresses themselves."""

    customer_id: str
    open_cases: list[str]
    closed_channels: dict[str, str]
    replies: list[Reply]


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
    ) -> None:
        self._ledger = ledger
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
        self, status: str | None, customer_id: str | None, after: str | None, limit: int, owed_again: bool
    ) -> CasePage:
        listed = Cases(self._ledger)
        return await self._threads.run(listed.page, status, customer_id, after, limit, owed_again)

    async def every_case(self, status: str | None) -> AsyncIterator[CasePage]:
        """Page after page, for an export."""
        after: str | None = None
        while True:
            page = await self.cases(status, None, after, 500, owed_again=False)
            yield page
            after = page.after
            if after is None:
                return

    async def record(self, invoice: str) -> list[Entry]:
        return await self._threads.run(self._record, invoice)

    def _record(self, invoice: str) -> list[Entry]:
        invoice_id = invoice_named(self._ledger, invoice)
        if self._ledger.case(invoice_id) is None:
            raise no_case(invoice_id)
        return self._ledger.record(invoice_id)

    async def messages(self, invoice: str) -> list[Said]:
        return (await self._threads.run(messages_of, self._ledger, invoice))[1]

    async def customer(self, customer_id: str) -> CustomerFile:
        """Raises Unknown."""
        return await self._threads.run(self._customer, customer_id)

    def _customer(self, customer_id: str) -> CustomerFile:
        if not self._ledger.cases(None, customer_id, limit=1).rows:
            raise Unknown(f"The ledger has no case of customer {customer_id}.")
        return CustomerFile(
            customer_id=customer_id,
            open_cases=[case.invoice_id for case in self._ledger.open_cases_of(customer_id)],
            closed_channels={channel.value: why for channel, why in self._ledger.closed_channels(customer_id).items()},
            replies=self._ledger.replies(customer_id),
        )
