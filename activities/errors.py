"""The two shapes of trouble, as Temporal understands them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from gateways.ports.trouble import ProviderMisuse, ProviderTrouble

MISUSE = "ProviderMisuse"
"""The error type that is never retried: the case is put on hold for an operator.

Its detail is whether there was a try before, which may have been carried out.
"""
TROUBLE = "ProviderTrouble"
_LONGEST = 300
_AT_ONCE = timedelta(minutes=5)
"""A decision is acted on within its workflow task; more than this lies between the two only where Temporal was away."""


class Timed(Protocol):
    """What is asked for a moment (`Task`)."""

    @property
    def as_of(self) -> datetime: ...


@contextmanager
def translated(task: Timed | None = None, *, misuse_passes: bool = False) -> Iterator[None]:
    """Turns a gateway's exceptions into what Temporal retries (trouble) or does not (misuse).

    `task`: the step that is carried out; nothing is done when its time is over, so that it is decided anew.
    `misuse_passes`: that misuse is retried as well, where there is no case that could be held for it.
    """
    if task and _is_late(task):
        raise ApplicationError("Temporal handed the step out after its time.", type=TROUBLE, non_retryable=True)
    try:
        yield
    except ProviderMisuse as error:
        kind = TROUBLE if misuse_passes else MISUSE
        before = activity.in_activity() and activity.info().attempt > 1
        raise ApplicationError(str(error)[:_LONGEST], before, type=kind, non_retryable=not misuse_passes) from None
    except ProviderTrouble as error:
        raise ApplicationError(str(error)[:_LONGEST], type=TROUBLE, next_retry_delay=error.retry_after) from None


def _is_late(task: Timed) -> bool:
    """Whether the time that the step had was over when this try was handed out: it may be night by now, or the invoice
    another one.

    Temporal was away meanwhile. When it is back it hands out what waits before it looks at what has timed out, and it
    takes a worker's decision of long ago as if it had been made now.
    """
    if not activity.in_activity():
        return False
    info = activity.info()
    limit = info.schedule_to_close_timeout
    if limit is not None and info.started_time > info.scheduled_time + limit:
        return True
    return info.scheduled_time > task.as_of + _AT_ONCE


def last_trouble(error: BaseException) -> str:
    """What the last try of a failed activity met, below the time-out that ended its tries; "" when it met nothing."""
    found, cause = "", error.__cause__
    while cause is not None:
        found = cause.message if isinstance(cause, ApplicationError) else found
        cause = cause.__cause__
    return found[:_LONGEST]
