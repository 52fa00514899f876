"""uvicorn in a thread of a test or of the demo: it says when it listens, and ends as soon as it is told to.

uvicorn itself looks ten times a second whether it has to end, and then waits another tenth: half a minute and more for
some hundred tests that each have a world of their own.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import uvicorn


class HttpServer(uvicorn.Server):
    """Serves until `leave()`. `ready` is set when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def in_its_thread(self, act: Callable[[], None]) -> None:
        """Calls `act` in the server's loop, unless that has not begun or is over. From any thread."""
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act)

    def leave(self) -> None:
        """Ends the server: no further request is taken, those in hand are answered. From any thread."""
        self.should_exit = True
        self.in_its_thread(self._told.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self.ready.set()

    async def main_loop(self) -> None:
        second = 0
        while not await self.on_tick(10 * second):  # writes the answers' `Date` anew
            second += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), timeout=1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            longest = self.config.timeout_graceful_shutdown
            _, unfinished = await asyncio.wait(self.server_state.tasks, timeout=longest)
            for task in unfinished:
                task.cancel()
        await self.lifespan.shutdown()
