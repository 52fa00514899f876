"""How a program that talks to Temporal ends."""

import asyncio
import logging
import os
import sys
from collections.abc import Collection
from contextlib import suppress
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """Ends the process with this exit code and without the interpreter's teardown. Close everything before.

    A thread of the Temporal SDK may still be on its way out of a call when the interpreter is torn down, which aborts
    the process (temporalio/sdk-python issue 300): a command that succeeded would end as a crashed one, about every
    twelfth time on a busy machine.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # whoever read it has gone
            stream.flush()
    os._exit(code)


async def end(works: Collection["asyncio.Task[None]"], *, again: float = 1.0) -> None:
    """Cancels pieces of work that go on until then, and waits until each is over. `again`: seconds between two tries.

    Once is not enough: the Temporal client makes an error of a cancellation that meets an update without an answer, and
    `asyncio.wait_for` of Python 3.11 may return a result instead. Raises what a piece of
    work has ended with before.
    """
    waiting: Collection[asyncio.Task[None]] = works
    while waiting:
        for work in waiting:
            work.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=again)
    for work in works:
        with suppress(asyncio.CancelledError):
            work.result()
