"""Requests that are in hand when the world ends."""

import asyncio

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ENDED = "The stand-in world has ended before this was done."


class EndsInOrder:
    """An application whose requests in hand can be ended: each is answered with 503, and no trace of it is logged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._in_hand: set[asyncio.Task[None]] = set()
        self._over = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a server runs each request in one
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        self._in_hand.add(task)
        try:
            await self._app(scope, receive, sending)
        except asyncio.CancelledError:
            if not self._over:
                raise
            if not begun:
                await JSONResponse({"refused": ENDED}, 503)(scope, receive, send)
        finally:
            self._in_hand.discard(task)

    def end(self) -> None:
        """Ends them. Only in the thread of their loop."""
        self._over = True
        for task in self._in_hand:
            task.cancel()
