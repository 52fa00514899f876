"""Keeping what comes in: what arrives while a transaction is being written shares the next one.

A commit waits for the disk, and costs as much for one event as for fifty: providers deliver in bursts.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from datetime import datetime
from typing import NamedTuple

from gateways.ports.inbox import Arrival, InboxBook
from gateways.ports.trouble import ProviderTrouble
from service.threads import Threads


class _Request(NamedTuple):
    arrivals: Sequence[Arrival]
    kept: "asyncio.Future[int]"


class Keeper:
    """Writes one transaction at a time."""

    def __init__(self, book: InboxBook, threads: Threads, clock: Callable[[], datetime]) -> None:
        self._book = book
        self._threads = threads
        self._clock = clock
        self._waiting: list[_Request] = []
        self._work: asyncio.Task[None] | None = None

    async def keep(self, arrivals: Sequence[Arrival]) -> int:
        """Returns once they are kept; how many are new. Raises ProviderTrouble."""
        request = _Request(arrivals, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        if self._work is None or self._work.done():
            # In no request's context: it works for all of them.
            self._work = asyncio.create_task(self._write(), context=Context())
        return await request.kept

    async def _write(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting, []
            await self._write_together(together)

    async def _write_together(self, requests: Sequence[_Request]) -> None:
        arrivals = [one for request in requests for one in request.arrivals]
        try:
            new = await self._threads.run(self._book.keep, arrivals, self._clock())
        except Exception as error:
            if len(requests) == 1 or isinstance(error, ProviderTrouble):
                for request in requests:
                    _answer(request, error)
            else:  # something is wrong with one of them: the others are kept
                for request in requests:
                    await self._write_together([request])
        else:
            for request in requests:
                mine = new & {(one.provider, one.event_id) for one in request.arrivals}
                new -= mine
                _answer(request, len(mine))


def _answer(request: _Request, kept: int | Exception) -> None:
    if request.kept.done():  # whoever asked has gone
        return
    if isinstance(kept, Exception):
        request.kept.set_exception(kept)
    else:
        request.kept.set_result(kept)
