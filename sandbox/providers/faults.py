"""Faults that a driver or a test puts between a client and a stand-in."""

import asyncio
import json
import re
import threading
from dataclasses import dataclass, field
from enum import StrEnum

from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.providers.exchange import Reply, answer, hang_up, local_path, read_body, run, wait_for_disconnect
from sandbox.providers.journal import Journal


class Mode(StrEnum):
    ERROR = "500"
    """Answers 500 and does nothing."""
    ERROR_AFTER = "500_after"
    """Does it and then answers 500. Stripe stores that 500 under the idempotency key."""
    RATE_LIMITED = "429"
    """Answers 429 with Retry-After and does nothing."""
    TIMEOUT_BEFORE = "timeout_before"
    """Closes the connection without doing anything."""
    TIMEOUT_AFTER = "timeout_after"
    """Does it and closes the connection without an answer."""
    MALFORMED = "malformed"
    """Does it and cuts the answer's body in the middle."""
    HOLD_BEFORE = "hold_before"
    """Waits for `release()`, then does it. Stripe counts the idempotency key as in use meanwhile."""
    HOLD_AFTER = "hold_after"
    """Does it and keeps the answer back until `release()`."""


INNER_MODES = frozenset({Mode.HOLD_BEFORE, Mode.ERROR_AFTER})
SCOPE_KEY = "sandbox.fault"

_ERROR_BODIES: dict[str, dict[int, object]] = {
    "stripe": {
        500: {"error": {"type": "api_error", "message": "An unknown error occurred."}},
        429: {
            "error": {
                "type": "invalid_request_error",
                "code": "rate_limit",
                "message": "Request rate limit exceeded. Please retry with exponential backoff.",
            }
        },
    },
    "sendgrid": {
        500: {"errors": [{"field": None, "message": "internal error"}]},
        429: {"errors": [{"field": None, "message": "too many requests"}]},
    },
    "line": {
        500: {"message": "Internal server error"},
        429: {"message": "The API rate limit has been exceeded. Try again later."},
    },
    "twilio": {
        500: {
            "code": 20500,
            "message": "An internal server error has occurred",
            "more_info": "https://www.twilio.com/docs/errors/20500",
            "status": 500,
        },
        429: {
            "code": 20429,
            "message": "Too Many Requests",
            "more_info": "https://www.twilio.com/docs/errors/20429",
            "status": 429,
        },
    },
}


@dataclass
class Fault:
    """A fault that waits for its requests. `reached` is set when the first matching request arrived (for the
    `hold` modes: when it stands still)."""

    provider: str
    match: re.Pattern[str]
    mode: Mode
    times: int
    retry_after: int
    hang: bool
    hits: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    _gates: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = field(default_factory=list)
    _open: bool = False

    def release(self) -> None:
        """Let every held request go on, and hold no further one."""
        self._open = True
        for loop, gate in self._gates:
            if not loop.is_closed():
                loop.call_soon_threadsafe(gate.set)

    async def hold(self) -> None:
        gate = asyncio.Event()
        self._gates.append((asyncio.get_running_loop(), gate))
        if self._open:
            gate.set()
        self.reached.set()
        await gate.wait()


class Faults:
    """The faults of a world. Each matching request uses up one of a fault's `times`; the oldest fault goes first."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._faults: list[Fault] = []

    def add(
        self,
        provider: str,
        match: str,
        mode: Mode | str,
        *,
        times: int = 1,
        retry_after: int = 1,
        hang: bool = False,
    ) -> Fault:
        """Break the next `times` requests whose "METHOD /path" (below the provider's prefix) contains `match`.

        match:       regular expression, searched.
        retry_after: seconds, for `Mode.RATE_LIMITED`.
        hang:        for the `timeout` modes: leave the connection open until the client gives up.
        """
        fault = Fault(provider, re.compile(match), Mode(mode), times, retry_after, hang)
        with self._journal.lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Forget all faults, and let every held request go on."""
        with self._journal.lock:
            forgotten, self._faults = self._faults, []
        for fault in forgotten:
            fault.release()

    def take(self, provider: str, request_line: str) -> Fault | None:
        with self._journal.lock:
            for fault in self._faults:
                if fault.provider == provider and fault.hits < fault.times and fault.match.search(request_line):
                    fault.hits += 1
                    self._journal.record(provider, f"fault.{fault.mode}", {}, data={"request": request_line})
                    return fault
        return None


def _error(provider: str, status: int, retry_after: int | None = None) -> Reply:
    body = json.dumps(_ERROR_BODIES.get(provider, {}).get(status, {"error": "injected fault"})).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    return Reply(status, headers, body)


class OuterFaults:
    """Faults of the way: what happens between the client and the provider's front door."""

    def __init__(self, app: ASGIApp, provider: str, faults: Faults) -> None:
        self._app = app
        self._provider = provider
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        fault = self._faults.take(self._provider, f"{scope['method']} {local_path(scope)}")
        if fault is None:
            await answer(send, await run(self._app, scope, body))
            return
        if fault.mode not in (Mode.HOLD_BEFORE, Mode.HOLD_AFTER):
            fault.reached.set()
        if fault.mode is Mode.ERROR:
            await answer(send, _error(self._provider, 500))
        elif fault.mode is Mode.RATE_LIMITED:
            await answer(send, _error(self._provider, 429, fault.retry_after))
        elif fault.mode is Mode.TIMEOUT_BEFORE:
            await self._leave(fault, scope, receive)
        else:
            reply = await run(self._app, {**scope, SCOPE_KEY: fault}, body)
            if fault.mode is Mode.TIMEOUT_AFTER:
                await self._leave(fault, scope, receive)
                return
            if fault.mode is Mode.HOLD_AFTER:
                await fault.hold()
            elif fault.mode is Mode.MALFORMED:
                reply = reply.with_body(reply.body[: len(reply.body) // 2] or b"{")
            await answer(send, reply)

    async def _leave(self, fault: Fault, scope: Scope, receive: Receive) -> None:
        if fault.hang:
            await wait_for_disconnect(receive)
        else:
            await hang_up(scope, receive)


class InnerFaults:
    """Faults of the provider itself, behind its authentication and idempotency."""

    def __init__(self, app: ASGIApp, provider: str) -> None:
        self._app = app
        self._provider = provider

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault: Fault | None = scope.get(SCOPE_KEY)
        if fault is None or fault.mode not in INNER_MODES:
            await self._app(scope, receive, send)
            return
        if fault.mode is Mode.HOLD_BEFORE:
            await fault.hold()
            await self._app(scope, receive, send)
        else:
            await run(self._app, scope, await read_body(receive))
            await answer(send, _error(self._provider, 500))
