"""What the HTTP answers of several providers have in common."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


def retry_after(headers: Mapping[str, str] | None) -> timedelta | None:
    """The wait that a `Retry-After` header asks for (RFC 9110: seconds or a date); None when absent or unreadable."""
    values = {name.lower(): value for name, value in (headers or {}).items()}
    value = values.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=int(value))
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        return None
    # The one place where a wall clock is read here: the header names a moment of real time.
    return max(timedelta(0), until - datetime.now(UTC))
