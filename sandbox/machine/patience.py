"""Calls to a Temporal server that may have been killed a moment ago: made again until it is back."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from runtime.settings import Settings, SettingsError
from runtime.temporal import connect
from sandbox.machine.errors import SandboxError

T = TypeVar("T")

PATIENCE = 90.0
"""Seconds in which a server or worker that was killed must have come back and caught up."""
PASSING = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.ABORTED,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.UNKNOWN,
        RPCStatusCode.FAILED_PRECONDITION,
    }
)
"""The statuses of a call that may be answered a little later."""


async def patiently(call: Callable[[], Awaitable[T]], what: str) -> T:
    """Makes a call again until it is answered. Raises SandboxError when the server stays away for PATIENCE seconds."""
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            return await call()
        except RPCError as error:
            if error.status not in PASSING:
                raise
            if time.monotonic() > give_up:
                raise SandboxError(
                    f"Temporal did not answer for {PATIENCE:.0f} s ({what}, {error.status.name}): see temporal.log."
                ) from None
        except WorkflowQueryFailedError:
            if time.monotonic() > give_up:
                raise
        await asyncio.sleep(0.2)


async def connected(settings: Settings) -> Client:
    """Connects to a server that may have been killed a moment ago. Raises SettingsError after PATIENCE seconds."""
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            return await patiently(lambda: connect(settings), "connecting")
        except SettingsError:
            if time.monotonic() > give_up:
                raise
        await asyncio.sleep(0.2)
