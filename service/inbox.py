"""The inbox: what providers say is kept first, and then handed on until somebody has taken it.

A webhook's answer waits for the keeping alone. Temporal, the provider and the worker may be down for hours: what came
in meanwhile waits, and is handed on in its order for each invoice and customer.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from temporalio.service import RPCError, RPCStatusCode

from domain.ids import workflow_id
from gateways.policy_files import PolicyError
from gateways.ports.inbox import DONE, REFUSED, Completion, InboxBook, InboxRow
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.trouble import ABOUT_ONE, ProviderMisuse, ProviderTrouble
from gateways.provider_facts import Fact, ForeignEvent, MalformedEvent
from service.feed import MALFORMED, NO_CASE
from service.feed import REFUSED as NOT_TAKEN
from service.intake import Intake
from service.lanes import Piece, overlapping
from service.lease import Lease
from service.opening import NotAdmitted, Taken, WrongRecord
from service.sequence import Sequence as InOrder
from service.threads import Threads

ROUND = 500
"""Events that are looked at in one go."""

Reader = Callable[[object, datetime], Fact]

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(hours=1)
"""Between two tries of one event: each pause is twice the one before."""

_FORGET_EVERY = timedelta(hours=1)
_COMPLETED_AT_ONCE = 4
_LOOK_AGAIN, _LONGEST_REST = 1.0, 60.0  # seconds; an event that this process kept is handed on at once
# Temporal as a whole does not answer or does not let us in; any other answer is about the one request.
_OF_TEMPORAL = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.PERMISSION_DENIED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.UNKNOWN,
        RPCStatusCode.INTERNAL,
    }
)
_SHARED = frozenset({"all", "owners"})
_log = logging.getLogger(__name__)


NOTHING: Mapping[str, Completion] = {}


class Delivery:
    """Hands on what waits in the inbox. One process does so at a time; all others stand by.

    holder: names this process among all that share the ledger.
    news: is set when something new was kept.
    readers: by provider, what an event says; given what it was kept as, and when. Raise MalformedEvent or ForeignEvent.
    kept_for: how long an event stays in the inbox after it was taken.
    completions: by provider, what reads the events that only name what happened.
    """

    def __init__(
        self,
        book: InboxBook,
        intake: Intake,
        threads: Threads,
        clock: Callable[[], datetime],
        holder: str,
        news: asyncio.Event,
        readers: Mapping[str, Reader],
        kept_for: timedelta,
        completions: Mapping[str, Completion] = NOTHING,
        meter: Meter = NO_METER,
    ) -> None:
        self._meter = meter
        self._book = book
        self._intake = intake
        self._threads = threads
        self._clock = clock
        self._lease = Lease(book, "inbox", holder, threads, clock)
        self._news = news
        self._read_by = dict(readers)
        self._kept_for = kept_for
        self._completions = completions
        self._forget_at = clock()

    async def run(self) -> None:
        """Until it is cancelled."""
        pause = _LOOK_AGAIN
        async with self._lease.renewed():
            while True:
                self._news.clear()
                try:
                    while await self._lease.mine() and await self.round():
                        pass
                    await self._forget()
                    pause = _LOOK_AGAIN
                except (ProviderTrouble, ProviderMisuse, RPCError) as error:
                    # What would meet every event alike: Temporal or the ledger does not answer, a key is wrong.
                    pause = min(pause * 2, _LONGEST_REST)
                    _log.warning("The inbox waits %.0f s: %s", pause, error)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):  # `wait_for` may swallow its end
                        await self._news.wait()

    async def _forget(self) -> None:
        now = self._clock()
        if now >= self._forget_at:
            await self._threads.run(self._book.forget, now - self._kept_for)
            self._forget_at = now + _FORGET_EVERY

    async def round(self) -> int:
        """Hands on what can be handed on now; how many events were. Raises what meets every event alike."""
        rows, done = await self._whole(await self._rows()), 0
        async for taken in overlapping(self._pieces(rows), self._intake.at_once):
            done += taken
        return done

    async def _rows(self) -> list[InboxRow]:
        """Enough that can be tried now, and before them all that holds others up."""
        now, rows = self._clock(), list[InboxRow]()
        while sum(row.next_try <= now for row in rows) < ROUND:
            page = await self._threads.run(self._book.waiting, rows[-1].id if rows else 0, ROUND)
            rows += page
            if len(page) < ROUND:
                break
        return rows

    async def _whole(self, rows: list[InboxRow]) -> list[InboxRow]:
        """The rows, with what some of them only named. What cannot be completed now is left out."""
        thin = {row.id for row in rows if (known := self._completions.get(row.provider)) and known.needs(row.body)}
        pieces = (Piece[InboxRow | None]((), partial(self._complete, row)) for row in rows if row.id in thin)
        whole = {row.id: row async for row in overlapping(pieces, _COMPLETED_AT_ONCE) if row}
        return [whole.get(row.id, row) for row in rows if row.id not in thin or row.id in whole]

    async def _complete(self, row: InboxRow) -> InboxRow | None:
        if row.next_try > self._clock():
            return None
        try:
            whole = await self._threads.run(self._completions[row.provider].complete, row.body)
        except MalformedEvent as error:
            await self._end(row, None, REFUSED, MALFORMED, str(error))
        except ForeignEvent as error:
            await self._end(row, None, DONE, Taken.IGNORED.value, str(error))
        except ABOUT_ONE as error:
            await self._end(row, None, REFUSED, NOT_TAKEN, str(error))
        except (ProviderTrouble, ProviderMisuse) as error:
            await self._later(row, str(error))
        else:
            body = json.dumps(whole)
            await self._threads.run(self._book.completed, row.id, body)
            return row.model_copy(update={"body": body})
        return None

    def _pieces(self, rows: list[InboxRow]) -> Iterator[Piece[bool]]:
        """What overtakes nothing that waits for its next try."""
        order, now = InOrder(), self._clock()
        held = set[Hashable]()
        for row in rows:
            fact = self._read(row)
            if isinstance(fact, tuple):
                yield Piece((), partial(self._end, row, None, REFUSED if fact[0] == MALFORMED else DONE, *fact))
                continue
            claims = order.claims(fact)
            named = {claim.lane for claim in claims if claim.lane not in _SHARED}
            if row.next_try > now or named & held:
                held |= named
                continue
            yield Piece(claims, partial(self._hand_on, row, fact, named, held))

    def _read(self, row: InboxRow) -> Fact | tuple[str, str]:
        """What it says, or what becomes of an event that says nothing to a case, and why."""
        try:
            return self._read_by[row.provider](json.loads(row.body), row.at)
        except MalformedEvent as error:
            return MALFORMED, str(error)
        except ForeignEvent as error:
            return Taken.IGNORED.value, str(error)

    async def _hand_on(self, row: InboxRow, fact: Fact, lanes: set[Hashable], held: set[Hashable]) -> bool:
        """Whether it is done. What is not holds up its lanes."""
        done = not lanes & held and await self._done(row, fact)
        if not done:
            held |= lanes
        return done

    async def _done(self, row: InboxRow, fact: Fact) -> bool:
        try:
            receipt = await self._intake.receive(fact)
        except NotAdmitted as error:
            return await self._end(row, fact, DONE, NO_CASE, str(error))
        except (*ABOUT_ONE, WrongRecord, PolicyError) as error:
            return await self._end(row, fact, REFUSED, NOT_TAKEN, str(error))
        except ProviderTrouble as error:
            return await self._later(row, str(error))
        except RPCError as error:
            if error.status in _OF_TEMPORAL:
                raise
            return await self._later(row, f"Temporal refuses what the case is told ({error.status.name}).")
        except ProviderMisuse:
            raise
        except Exception as error:
            # A defect of ours. It holds up this event and what must not overtake it, nothing else.
            about = {"case": workflow_id(fact.invoice_id)} if fact.invoice_id else None
            _log.exception("Event %s could not be handed on", row.event_id, extra=about)
            return await self._later(row, f"a defect: {type(error).__name__}, see the log")
        return await self._end(row, fact, DONE, receipt.taken.value, receipt.note, receipt.invoice_id)

    async def _later(self, row: InboxRow, why: str) -> bool:
        pause = min(FIRST_PAUSE * 2 ** min(row.attempts, 20), LONGEST_PAUSE)
        await self._threads.run(self._book.failed, row.id, why, self._clock() + pause)
        return False

    async def _end(
        self, row: InboxRow, fact: Fact | None, state: str, result: str, note: str, invoice_id: str | None = None
    ) -> bool:
        about = invoice_id or (fact.invoice_id if fact else None)
        now = self._clock()
        await self._threads.run(self._book.ended, row.id, state, result, note, about, now)
        self._meter.taken(row.provider, type(fact).__name__ if fact else "none", result, now - row.at)
        return True
