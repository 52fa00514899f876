"""Bulk orders at work: their cases are chosen, looked at, and ordered one by one, whatever dies meanwhile.

Each case is ordered under an id of its own, and about the version that was looked at. So a second try of what was cut
off is the same order to Temporal, and to a case that has gone on it is one that comes too late.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from temporalio.service import RPCError

from domain import events
from domain.foresight import foresee
from domain.telling import ORDERS
from gateways.ports.access import Asked
from gateways.ports.bulk import Became, Bulk, BulkBook, BulkLine, BulkState, LineState
from gateways.ports.case_list import CaseList
from gateways.ports.inbox import InboxBook
from gateways.ports.rows import Cursor
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from service.lease import Lease
from service.requests import Overtaken, Refused, Unavailable
from service.running import Ended, NoWorker, RunningCases
from service.standings import Standings
from service.threads import Threads

MOST_CHOSEN = 50_000
"""Cases of one bulk order: what is more was hardly meant."""
AT_ONCE = 16
"""Orders that are in hand, each of another case."""
GIVES_UP = timedelta(days=1)
"""A case that has no answer by then is left: it may have been ordered."""
KEPT_FOR = timedelta(days=90)

_PAGE, _LOOKED_AT = 500, 50
_LOOK_AGAIN, _LONGEST_REST = 1.0, 60.0  # seconds
_NO_CASE = "The ledger has no open case of this invoice: it has ended, or is only being opened."
_CUT_OFF = " An earlier try of this very order was cut off, and may be what changed it: see its record."
_log = logging.getLogger(__name__)


class BulkWork:
    """One process does it at a time; all others stand by. holder: names this process among all that share the ledger.

    running: opened when the first case is to be ordered; raises Unavailable while Temporal does not answer.
    """

    def __init__(
        self,
        book: BulkBook,
        leases: InboxBook,
        cases: CaseList,
        standings: Standings,
        running: Callable[[], Awaitable[RunningCases]],
        threads: Threads,
        clock: Callable[[], datetime],
        holder: str,
    ) -> None:
        self._book = book
        self._cases = cases
        self._standings = standings
        self._running = running
        self._threads = threads
        self._clock = clock
        self._lease = Lease(leases, "bulk", holder, threads, clock)

    async def run(self) -> None:
        """Until it is cancelled. What is in hand then is ordered under its id once more."""
        pause = _LOOK_AGAIN
        await self._forget()
        async with self._lease.renewed():
            while True:
                try:
                    rests = not await self._lease.mine() or not await self.round()
                    pause = _LOOK_AGAIN
                    if not rests:
                        continue
                except (ProviderTrouble, ProviderMisuse, Unavailable, RPCError, NoWorker) as error:
                    pause = min(pause * 2, _LONGEST_REST)
                    _log.warning("Bulk orders wait %.0f s: %s", pause, error)
                except Exception:
                    pause = _LONGEST_REST
                    _log.exception("Bulk orders wait %.0f s: a defect", pause)
                await asyncio.sleep(pause)

    async def round(self) -> bool:
        """Takes each bulk order a little further; whether there was one. Raises the trouble of one that waits."""
        open_ones = await self._threads.run(self._book.bulks_to_work_on)
        trouble = None
        for bulk in open_ones:
            try:
                await (self._look(bulk) if bulk.state is BulkState.LOOKING else self._order(bulk))
            except (Unavailable, RPCError, NoWorker) as error:
                trouble = error
                if not bulk.cancelled_at:
                    await self._threads.run(self._book.note_trouble, bulk.bulk_id, str(error))
        if trouble:
            raise trouble
        return bool(open_ones)

    async def _forget(self) -> None:
        try:
            await self._threads.run(self._book.forget_bulks, self._clock() - KEPT_FOR)
        except (ProviderTrouble, ProviderMisuse) as error:
            _log.warning("Old bulk orders stay: %s", error)

    async def _look(self, bulk: Bulk) -> None:
        if not bulk.selected:
            await self._threads.run(self._choose, bulk)
            return
        lines = await self._threads.run(self._book.lines_to_look_at, bulk.bulk_id, _LOOKED_AT)
        if lines:
            await self._threads.run(self._look_at, bulk, lines)
            return
        then = BulkState.SHOWN if bulk.dry_run else BulkState.ORDERING
        await self._threads.run(self._book.move, bulk.bulk_id, BulkState.LOOKING, then, self._clock())

    def _choose(self, bulk: Bulk) -> None:
        """The next page of the cases that the filter finds."""
        chosen = bulk.chosen
        assert chosen is not None  # noqa: S101 - else all of them were named
        if sum(self._book.tally(bulk.bulk_id).values()) >= MOST_CHOSEN:
            why = f"More than {MOST_CHOSEN} cases are so: choose fewer."
            self._book.cancel(bulk.bulk_id, self._clock(), why)
            return
        after = Cursor.model_validate_json(bulk.place) if bulk.place else None
        page = self._cases.cases(
            chosen.status, chosen.customer_id, after=after, limit=_PAGE, owed_again=chosen.owed_again
        )
        place = page.after.model_dump_json() if page.after else None
        self._book.choose(bulk.bulk_id, [case.invoice_id for case in page.rows], place)

    def _look_at(self, bulk: Bulk, lines: list[BulkLine]) -> None:
        order = _order_of(bulk)
        self._book.looked_at(bulk.bulk_id, [self._looked_at(bulk, order, line) for line in lines])

    def _looked_at(self, bulk: Bulk, order: events.Order, line: BulkLine) -> BulkLine:
        now = self._standings.of(line.invoice_id)
        if now is None:
            return line.model_copy(update={"state": LineState.REFUSED, "why": _NO_CASE})
        seen = foresee(now, bulk.name, order)
        state = LineState.REFUSED if seen.refusal else LineState.READY
        found = {"state": state, "version": now.case.version, "then": seen.then, "why": seen.refusal}
        return line.model_copy(update=found)

    async def _order(self, bulk: Bulk) -> None:
        lines = await self._threads.run(self._book.lines_to_order, bulk.bulk_id, AT_ONCE)
        if not lines:
            moved = (bulk.bulk_id, BulkState.ORDERING, BulkState.DONE, self._clock())
            await self._threads.run(self._book.move, *moved)
            return
        running = await self._running()
        gave = await asyncio.gather(*(self._give(running, bulk, line) for line in lines), return_exceptions=True)
        errors = [error for error in gave if error]
        # One that is not answered holds up no other: it comes again after all that were tried less often.
        if len(errors) == len(lines) or not all(isinstance(error, NoWorker | RPCError) for error in errors):
            raise errors[0]
        if bulk.note and not bulk.cancelled_at:
            await self._threads.run(self._book.note_trouble, bulk.bulk_id, "")

    async def _give(self, running: RunningCases, bulk: Bulk, line: BulkLine) -> None:
        """Orders one case. Raises NoWorker or RPCError when it has no answer."""
        path = f"/v1/cases/{line.invoice_id}/{bulk.name.replace('_', '-')}"
        now, at = self._clock(), line.asked_at
        asked = Asked(at=now, request_id=bulk.bulk_id, key_id=bulk.key_id, name=bulk.by, method="POST", path=path)
        if not await self._threads.run(self._book.begin_line, bulk.bulk_id, line.number, asked):
            return
        order = _order_of(bulk).model_copy(update={"expects": line.version})
        try:
            view = await running.order(line.invoice_id, bulk.name, order, f"{bulk.bulk_id}-{line.number}")
            became = Became(LineState.DONE, 200, then=f"{view.status.value.replace('_', ' ')}: {view.why}")
        except (NoWorker, RPCError) as error:
            if at is None or now - at < GIVES_UP:
                raise
            became = Became(LineState.UNANSWERED, 0, why=f"{error} It may have been ordered: see its record.")
        except (Overtaken, Ended) as error:
            became = Became(LineState.OVERTAKEN, 412, why=f"{error}{_CUT_OFF if at else ''}")
        except Refused as error:
            became = Became(LineState.REFUSED, 409, why=f"{error}{_CUT_OFF if at else ''}")
        await self._threads.run(self._book.end_line, bulk.bulk_id, line.number, became)


def _order_of(bulk: Bulk) -> events.Order:
    order = ORDERS[bulk.name].form.model_validate({**bulk.body, "by": bulk.by})
    assert isinstance(order, events.Order)  # noqa: S101 - by the registry
    return order
