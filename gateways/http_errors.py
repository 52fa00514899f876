"""What the HTTP answers and failures of several providers have in common."""

import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

_NEVER_REACHED = (ConnectionRefusedError, socket.gaierror, NewConnectionError, ConnectTimeoutError)
_DEEPEST = 8


def retry_after(headers: Mapping[str, str] | None) -> timedelta | None:
    """The wait that a `Retry-After` header asks for (RFC 9110: seconds or a date); None when absent or unreadable."""
    value = header(headers, "retry-after")
    if value.isascii() and value.isdigit():
        return timedelta(seconds=int(value))
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        return None
    # The header names a moment of real time, so the real clock is the one to compare it with.
    return max(timedelta(0), until - datetime.now(UTC))


def header(headers: Mapping[str, str] | None, name: str) -> str:
    """One header's value whatever its case; empty when it is absent."""
    return next((value.strip() for key, value in (headers or {}).items() if key.lower() == name), "")


def never_reached(error: BaseException) -> bool:
    """Whether no connection was made, so that the provider certainly did nothing.

    Libraries wrap the cause in different places: `__cause__`, `__context__`, `reason` or the first argument.
    """
    seen: list[object] = [error]
    for found in seen:
        if isinstance(found, _NEVER_REACHED):
            return True
        if isinstance(found, BaseException) and len(seen) <= _DEEPEST:
            wrapped = (found.__cause__, found.__context__, getattr(found, "reason", None), *found.args[:1])
            seen += [inner for inner in wrapped if isinstance(inner, BaseException) and inner not in seen]
    return False
