"""Looks an installation over: one line for each thing that a worker or a command needs. Changes nothing.

What is looked at stands in `runtime/checks`: a check is added to its file's `CHECKS`.
"""

import asyncio
import platform
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from inspect import iscoroutinefunction
from typing import NamedTuple

from temporalio.service import RPCError

from gateways.policy_files import PolicyError
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from gateways.word_files import PhrasesError
from gateways.yaml_files import FileError
from runtime.checks import channels, doors, parties, retries, servers, stripe, terms, voice, worker
from runtime.checks.look import Check, Look, utc_now
from runtime.settings import SettingsError, load_settings
from runtime.version import VERSION

CHECKS: tuple[Check, ...] = (
    *worker.CHECKS,
    *servers.CHECKS,
    *stripe.CHECKS,
    *retries.CHECKS,
    *channels.CHECKS,
    *voice.CHECKS,
    *parties.CHECKS,
    *doors.CHECKS,
    *terms.CHECKS,
)
"""In the order in which things are put right."""

_ANSWER_WITHIN = 30.0  # seconds; a firewall that swallows everything never refuses

_WRONG = (SettingsError, PolicyError, FileError, PhrasesError, ProviderMisuse)
"""What says in one sentence what is wrong and what to do."""

_AGAIN = "Check its address in the settings and the way there, and look again."


class Finding(NamedTuple):
    """One line. A bad one says what to do; none holds a secret."""

    what: str
    good: bool
    said: str

    def __str__(self) -> str:
        return f"{'ok ' if self.good else 'BAD'}  {self.what}: {self.said}"


async def examine(now: Callable[[], datetime] = utc_now) -> list[Finding]:
    """Everything, in the order in which it is put right. now: this machine's clock."""
    found = [
        Finding("program", True, VERSION),
        Finding("Python", True, platform.python_version()),
        Finding("temporalio", True, version("temporalio")),
        Finding("public holidays", True, f"holidays {version('holidays')}"),
    ]
    try:
        settings = load_settings()
    except SettingsError as error:
        return [*found, Finding("settings", False, f"{error} Nothing else can be looked at before it is right.")]
    return [*found, *await looked_at(Look(settings, now))]


async def looked_at(look: Look, checks: Sequence[Check] = CHECKS) -> list[Finding]:
    """What each check found, side by side; one that stands on a bad one is left out."""
    asked: dict[str, asyncio.Task[Finding | None]] = {}
    for check in checks:
        before = [asked[name] for name in check.after]
        asked[check.what] = asyncio.create_task(_found(check, look, before))
    return [found for task in asked.values() if (found := await task)]


async def _found(check: Check, look: Look, before: list[asyncio.Task[Finding | None]]) -> Finding | None:
    stands_on = [await task for task in before]
    if not all(found and found.good for found in stands_on):
        return None
    try:
        async with asyncio.timeout(_ANSWER_WITHIN):
            return Finding(check.what, True, await _asked(check, look))
    except ProviderTrouble as error:
        return Finding(check.what, False, str(error) if "check" in str(error) else f"{error} {_AGAIN}")
    except _WRONG as error:
        return Finding(check.what, False, "; ".join(str(error).splitlines()))
    except RPCError as error:
        why = f"the server refuses ({error.status.name}): check TEMPORAL_API_KEY and TEMPORAL_NAMESPACE."
        return Finding(check.what, False, why)
    except TimeoutError:
        why = f"no answer within {_ANSWER_WITHIN:.0f} s: check its address, and that it can be reached from here."
        return Finding(check.what, False, why)


def _asked(check: Check, look: Look) -> Awaitable[str]:
    answer = check.ask(look) if iscoroutinefunction(check.ask) else asyncio.to_thread(check.ask, look)
    assert not isinstance(answer, str)  # noqa: S101 - neither of them is
    return answer  # type: ignore[return-value]
