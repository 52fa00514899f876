"""Events out: what the outbox keeps is sent to each endpoint until that has taken it.

Events of one case arrive in their order at each endpoint: one that was not taken holds up those of its case, and
nothing else. An endpoint that takes nothing is left alone for longer and longer, and after three days for good.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from domain.ids import workflow_id
from domain.outbox import body
from gateways.ports.inbox import InboxBook
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.outbox import Answer, Endpoint, OutboxBook, Outgoing, Post
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from service.lease import Lease
from service.threads import Threads

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
"""Between two tries: each pause is about twice the one before."""
GIVES_UP = timedelta(days=3)
AT_ONCE = 8
"""Requests that one endpoint has in hand, each of another case."""

_ROUND = 500
_TURN = 20.0  # seconds
_LOOK_AGAIN, _LONGEST_REST = 1.0, 60.0  # seconds
_FORGET_EVERY = timedelta(hours=1)
_log = logging.getLogger(__name__)


class Dispatch:
    """Sends what waits. One process does so at a time; all others stand by.

    holder: names this process among all that share the ledger.
    chance: between 0 and 1, another one each time: endpoints that failed together are not tried again together.
    """

    def __init__(
        self,
        book: OutboxBook,
        leases: InboxBook,
        post: Post,
        threads: Threads,
        clock: Callable[[], datetime],
        holder: str,
        kept_for: timedelta,
        chance: Callable[[], float],
        meter: Meter = NO_METER,
    ) -> None:
        self._meter = meter
        self._book = book
        self._post = post
        self._threads = threads
        self._clock = clock
        self._lease = Lease(leases, "outbox", holder, threads, clock)
        self._kept_for = kept_for
        self._chance = chance
        self._forget_at = clock()
        self._turns: dict[str, asyncio.Task[None]] = {}

    @property
    def busy(self) -> bool:
        """Whether any endpoint is being sent to."""
        return bool(self._turns)

    async def run(self) -> None:
        """Until it is cancelled. What is in hand then is sent once more later."""
        pause = _LOOK_AGAIN
        try:
            async with self._lease.renewed():
                while True:
                    try:
                        if await self._lease.mine():
                            await self.round()
                            await self._forget()
                        pause = _LOOK_AGAIN
                    except (ProviderTrouble, ProviderMisuse) as error:
                        pause = min(pause * 2, _LONGEST_REST)
                        _log.warning("The outbox waits %.0f s: %s", pause, error)
                    except Exception:
                        pause = _LONGEST_REST
                        _log.exception("The outbox waits %.0f s: a defect", pause)
                    await asyncio.sleep(pause)
        finally:
            for turn in self._turns.values():
                turn.cancel()
            await asyncio.gather(*self._turns.values(), return_exceptions=True)

    async def round(self) -> None:
        """Begins a turn of every endpoint that has none and may be tried."""
        while await self._threads.run(self._book.pass_on, _ROUND) == _ROUND:
            pass
        now = self._clock()
        for endpoint in await self._threads.run(self._book.endpoints):
            rests = endpoint.next_try and endpoint.next_try > now
            if endpoint.disabled_at is None and not rests and endpoint.endpoint_id not in self._turns:
                self._turns[endpoint.endpoint_id] = asyncio.create_task(self._turn(endpoint))

    async def _forget(self) -> None:
        now = self._clock()
        if now >= self._forget_at:
            while await self._threads.run(self._book.forget_events, now - self._kept_for):
                pass
            self._forget_at = now + _FORGET_EVERY

    async def _turn(self, endpoint: Endpoint) -> None:
        try:
            ends = asyncio.get_running_loop().time() + _TURN
            while asyncio.get_running_loop().time() < ends and await self._some(endpoint):
                pass
        except (ProviderTrouble, ProviderMisuse) as error:
            _log.warning("Events for %s wait: %s", endpoint.endpoint_id, error)
        except Exception:
            _log.exception("Events for %s wait: a defect", endpoint.endpoint_id)
        finally:
            del self._turns[endpoint.endpoint_id]

    async def _some(self, endpoint: Endpoint) -> bool:
        """Sends the next of some cases; whether there may be more to send now."""
        events = await self._threads.run(self._book.due, endpoint.endpoint_id, self._clock(), AT_ONCE)
        if not events:
            return False
        answers = await asyncio.gather(*(self._send(endpoint, event) for event in events))
        if any(answer.taken for answer in answers):
            return True
        await self._failed(endpoint, answers[0], gone=any(answer.gone for answer in answers))
        return False

    async def _send(self, endpoint: Endpoint, out: Outgoing) -> Answer:
        now = self._clock()
        secrets = [endpoint.secret]
        if endpoint.old_secret and endpoint.old_until and now < endpoint.old_until:
            secrets.append(endpoint.old_secret)
        answer = await self._post.send(endpoint.url, secrets, out.message_id, body(out.event, out.case))
        if answer.taken:
            await self._threads.run(self._book.delivered, endpoint.endpoint_id, out.event_id)
            self._meter.delivered("taken")
            return answer
        now = self._clock()
        over = out.first_try is not None and now - out.first_try >= GIVES_UP
        if over:
            about = {"case": workflow_id(out.case.invoice)}
            _log.warning(
                "Event %s is given up for %s: %s", out.message_id, endpoint.endpoint_id, answer.why, extra=about
            )
        until = None if over else now + self._pause(out.attempts, answer)
        await self._threads.run(self._book.not_delivered, endpoint.endpoint_id, out.event_id, answer.why, now, until)
        self._meter.delivered("not_taken" if until else "given_up")
        return answer

    async def _failed(self, endpoint: Endpoint, answer: Answer, *, gone: bool) -> None:
        """It took nothing of several."""
        now, which = self._clock(), endpoint.endpoint_id
        if gone or (endpoint.failing_since and now - endpoint.failing_since >= GIVES_UP):
            wants = "it wants no more events" if gone else f"it has taken nothing for {GIVES_UP.days} days"
            why = f"{answer.why} Disabled: {wants}."
            _log.error("Endpoint %s (%s) is disabled: %s", which, endpoint.url, why)
            await self._threads.run(self._book.disable, which, now, why)
        else:
            until = now + self._pause(endpoint.failures, answer)
            await self._threads.run(self._book.rest, which, now, until, answer.why)

    def _pause(self, failures: int, answer: Answer) -> timedelta:
        whole: timedelta = min(FIRST_PAUSE * 2 ** min(failures, 20), LONGEST_PAUSE)
        pause = whole * (0.5 + self._chance() / 2)
        asked = timedelta(seconds=min(answer.retry_after or 0, LONGEST_PAUSE.total_seconds()))
        return max(pause, asked)
