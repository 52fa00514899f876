"""What a check is, and what it may look at."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import NamedTuple

from runtime.settings import Settings, SettingsError


def utc_now() -> datetime:
    return datetime.now(UTC)


class Look(NamedTuple):
    """now: this machine's clock."""

    settings: Settings
    now: Callable[[], datetime] = utc_now


class Check(NamedTuple):
    """One thing that has to be right.

    ask:   answers in words. What is wrong is raised, in one sentence that says what to do: SettingsError,
           ProviderMisuse, ProviderTrouble, or what reading a file raises.
    after: the checks without which this one would only say the same once more; it is left out when one of them is bad.
    """

    what: str
    ask: Callable[[Look], str | Awaitable[str]]
    after: tuple[str, ...] = ()


def fault(sentence: str) -> SettingsError:
    """What is wrong and what to do."""
    return SettingsError(sentence)
