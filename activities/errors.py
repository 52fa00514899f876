"""The two shapes of trouble, as Temporal understands them."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import activity
from temporalio.exceptions import ApplicationError

from gateways.ports.trouble import ProviderMisuse, ProviderTrouble

MISUSE = "ProviderMisuse"
"""The error type that is never retried: the case is put on hold for an operator.

Its detail is whether there was a try before, which may have been carried out.
"""
TROUBLE = "ProviderTrouble"
_LONGEST = 300


@contextmanager
def translated(*, misuse_passes: bool = False) -> Iterator[None]:
    """Turns a gateway's exceptions into what Temporal retries (trouble) or does not (misuse).

    `misuse_passes`: that misuse is retried as well, where there is no case that could be held for it.
    """
    if _is_late():
        raise ApplicationError("Temporal handed the step out after its time.", type=TROUBLE)
    try:
        yield
    except ProviderMisuse as error:
        kind = TROUBLE if misuse_passes else MISUSE
        before = activity.in_activity() and activity.info().attempt > 1
        raise ApplicationError(str(error)[:_LONGEST], before, type=kind, non_retryable=not misuse_passes) from None
    except ProviderTrouble as error:
        raise ApplicationError(str(error)[:_LONGEST], type=TROUBLE, next_retry_delay=error.retry_after) from None


def _is_late() -> bool:
    """Whether the time that the step had was over when this try was handed out: Temporal was away meanwhile, and hands
    out what waits before it looks at what has timed out. It may be night by now, or the invoice another one."""
    if not activity.in_activity():
        return False
    info = activity.info()
    limit = info.schedule_to_close_timeout
    return limit is not None and not info.is_local and info.started_time > info.scheduled_time + limit


def last_trouble(error: BaseException) -> str:
    """What the last try of a failed activity met, below the time-out that ended its tries; "" when it met nothing."""
    found, cause = "", error.__cause__
    while cause is not None:
        found = cause.message if isinstance(cause, ApplicationError) else found
        cause = cause.__cause__
    return found[:_LONGEST]
