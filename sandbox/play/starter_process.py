"""starter.py as a process of its own, as people and billing systems run it."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping

from domain import events
from domain.base import Message
from domain.case import HoldReason
from runtime.settings import ROOT
from sandbox.machine.errors import SandboxError
from sandbox.machine.patience import PATIENCE
from workflows.messages import CaseView

_UNUSABLE = 2
"""starter.py's exit code when the installation, not a record, is in the way."""
_ON_RECORD: Mapping[type[Message], str] = {
    events.RetryNow: "a try at once",
    events.HandOff: "to go to collections",
    events.Recall: "to be recalled",
}
"""What the case's record says once it has taken such an order."""
_PAUSED = HoldReason.OPERATOR_PAUSE.in_words
_RELEASED = (_PAUSED, HoldReason.OPERATOR_NEEDED.in_words)
"""The holds that an operator ends."""


class StarterFailed(SandboxError):
    """starter.py ended with an exit code other than 0. The message is the last line that it said."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


async def feed(environment: Mapping[str, str], file: str) -> None:
    """Gives a file of records to `starter.py start`; again while the server is away. Raises SandboxError."""
    await once_usable(environment, "start", file)


async def once_usable(environment: Mapping[str, str], *argv: str) -> str:
    """As `starter`, again while the server is away: for what counts once however often it is said."""
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            return await starter(environment, *argv)
        except StarterFailed as error:
            # What it cannot work with at the moment; what it refuses stays refused.
            if error.code != _UNUSABLE or time.monotonic() > give_up:
                raise


async def command(
    environment: Mapping[str, str], invoice: str, order: Message, view: Callable[[], Awaitable[CaseView]]
) -> None:
    """Gives an operator's order; again when Temporal was away meanwhile. Raises SandboxError when it is refused."""
    match order:
        case events.Settle():
            words = ["settle", invoice, str(order.amount.major), order.amount.currency, "--note", order.note]
            words += ["--paid"] if order.paid else []
        case events.Pause() | events.Resume() | events.WriteOff():
            word = {events.Pause: "pause", events.Resume: "resume"}.get(type(order), "write-off")
            words = [word, invoice, "--note", order.note]
        case _:
            raise TypeError(f"{type(order).__name__} is no operator's order")
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            await starter(environment, *words)
            return
        except StarterFailed:
            # A reply can be lost after the order was taken: then the same order is refused.
            if is_done(order, await view()):
                return
            if time.monotonic() > give_up:
                raise


def is_done(order: Message, view: CaseView) -> bool:
    """Whether the case stands as the order wants it."""
    match order:
        case events.Pause():
            return any(hold.startswith(_PAUSED) for hold in view.holds)
        case events.Resume():
            return not any(hold.startswith(_RELEASED) for hold in view.holds)
        case events.Skip():
            return view.steps.get(order.step, "").startswith("skipped")
        case events.ReopenChannel():
            return order.channel.value not in view.closed_channels
        case events.RetryNow() | events.HandOff() | events.Recall():
            return any(_ON_RECORD[type(order)] in entry.what for entry in view.record)
    return view.outcome is not None


async def starter(environment: Mapping[str, str], *argv: str) -> str:
    """Runs starter.py and returns what it said. Raises SandboxError when it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "starter.py",
        *argv,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode(errors="replace").strip()
    if process.returncode:
        last = said.splitlines()[-1] if said else "it said nothing"
        raise StarterFailed(f"starter.py {argv[0]} failed: {last}", process.returncode)
    return said
