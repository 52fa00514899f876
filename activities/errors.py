"""The two shapes of trouble, as Temporal understands them."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError

from gateways.ports.trouble import ProviderMisuse, ProviderTrouble

MISUSE = "ProviderMisuse"
"""The error type that is never retried: the case is put on hold for an operator."""
TROUBLE = "ProviderTrouble"
_LONGEST = 300


@contextmanager
def translated() -> Iterator[None]:
    """Turns a gateway's exceptions into what Temporal retries (trouble) or does not (misuse)."""
    try:
        yield
    except ProviderMisuse as error:
        raise ApplicationError(str(error)[:_LONGEST], type=MISUSE, non_retryable=True) from None
    except ProviderTrouble as error:
        raise ApplicationError(str(error)[:_LONGEST], type=TROUBLE, next_retry_delay=error.retry_after) from None
