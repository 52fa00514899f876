"""A lease of the ledger: of several processes that could do some work, one does it at a time.

One that dies keeps the lease until it runs out; so it is short, and renewed while the work lasts.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from gateways.ports.inbox import InboxBook
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from service.threads import Threads

LASTS = timedelta(seconds=15)
"""How long the others wait for one that was killed."""
_RENEWED_EVERY = 4.0  # seconds


class Lease:
    """holder: names this process among all that share the ledger."""

    def __init__(
        self, book: InboxBook, name: str, holder: str, threads: Threads, clock: Callable[[], datetime]
    ) -> None:
        self._book = book
        self._name = name
        self._holder = holder
        self._threads = threads
        self._clock = clock

    async def mine(self) -> bool:
        """Takes or renews it; whether it is ours. Raises ProviderTrouble."""
        return await self._threads.run(self._book.lease, self._name, self._holder, self._clock(), LASTS)

    @asynccontextmanager
    async def renewed(self) -> AsyncIterator[None]:
        """Renews it while the block runs, however long a piece of the work takes."""

        async def work() -> None:
            while True:
                await asyncio.sleep(_RENEWED_EVERY)
                with suppress(ProviderTrouble, ProviderMisuse):  # the work itself meets the same, and says so
                    await self.mine()

        renewing = asyncio.create_task(work())
        try:
            yield
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
