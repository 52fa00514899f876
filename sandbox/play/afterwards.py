"""What is done towards a customer beside a case, after it (workflows/closing.py) and before a renewal: on clocks of its
own, led from timer to timer, so that it is seen when something was said."""

import asyncio
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from sandbox.machine.errors import SandboxError
from sandbox.machine.patience import PATIENCE
from sandbox.play.virtual_time import JUST_BEFORE, CaseClock

_PUSH_AFTER, _A_PUSH = 3.0, timedelta(seconds=1)


class Afterwards:
    """The workflows that one case has begun."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._clocks: dict[str, CaseClock] = {}
        self._waiting: tuple[datetime, float] | None = None  # for which timer, since when (monotonic seconds)

    def begun(self, workflow_ids: Iterable[str]) -> None:
        """From now on these as well, where they are there."""
        for name in workflow_ids:
            self._clocks.setdefault(name, CaseClock(self._client, self._client.get_workflow_handle(name)))

    async def next_at(self) -> datetime | None:
        """When the first of them goes on by itself, once all have done what they have in hand; None: none does."""
        moments = []
        for name, clock in list(self._clocks.items()):
            if rings := await self._rings_at(clock):
                moments.append(rings)
            else:
                del self._clocks[name]
        return min(moments, default=None)

    @staticmethod
    async def _rings_at(clock: CaseClock) -> datetime | None:
        """When its timer rings; None: it is over, or was never begun. One that is just beginning, or whose timer has
        just rung, has neither a timer nor anything in hand for a moment."""
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                if (await clock.settle()).closed:
                    return None
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return None
                raise
            if rings := await clock.rings_at():
                return rings
            if time.monotonic() > give_up:
                raise SandboxError("What is left to do towards a customer does not begin: look at worker.log.")
            await asyncio.sleep(0.02)

    async def now(self) -> datetime:
        """The clock that is ahead of the others."""
        standings = [await clock.look() for clock in self._clocks.values()]
        return max(standing.now for standing in standings)

    async def move_to(self, moment: datetime) -> None:
        """Moves them all."""
        for clock in self._clocks.values():
            await clock.move_to(moment)

    async def rings(self, moment: datetime) -> None:
        """Waits a moment for a timer that is due; one that does not ring gets a push."""
        if self._waiting is None or self._waiting[0] != moment:
            self._waiting = moment, time.monotonic()
        waited = time.monotonic() - self._waiting[1]
        if waited > PATIENCE:
            raise SandboxError(f"{', '.join(self._clocks)} does not go on: look at worker.log and temporal.log.")
        if waited > _PUSH_AFTER:
            await self.move_to(await self.now() + _A_PUSH)
        await asyncio.sleep(0.02)

    @staticmethod
    def before(moment: datetime) -> datetime:
        """Where to move to for a timer: it rings by itself."""
        return moment - JUST_BEFORE
