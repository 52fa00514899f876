"""What the providers' HTTP answers have in common."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from gateways.http_errors import never_reached, retry_after


@pytest.mark.parametrize(
    ("value", "wait"),
    [("7", timedelta(seconds=7)), ("0", timedelta(0)), ("soon", None), ("", None), ("-3", None), ("٣", None)],
)
def test_the_wait_in_seconds(value: str, wait: timedelta | None) -> None:
    """Whole seconds, under any spelling of the header's name; nonsense is no wait."""
    assert wait == retry_after({"Retry-After": value}) == retry_after({"retry-after": value})


def test_the_wait_as_a_date() -> None:
    """A date in the future is a wait until then, one in the past is none at all."""
    now = datetime.now(UTC)

    later = retry_after({"Retry-After": format_datetime(now + timedelta(minutes=5), usegmt=True)})
    over = retry_after({"Retry-After": format_datetime(now - timedelta(minutes=5), usegmt=True)})

    assert later is not None
    assert timedelta(minutes=4) < later <= timedelta(minutes=5)
    assert timedelta(0) == over


def test_no_headers_ask_for_no_wait() -> None:
    """An exception may come without headers."""
    assert retry_after(None) is None


def test_a_refused_connection_is_recognised_through_any_wrapping() -> None:
    """Each library hides the cause somewhere else."""
    inner = ConnectionRefusedError("refused")
    by_cause = RuntimeError("wrapped")
    by_cause.__cause__ = OSError(inner)

    assert [True, True, False] == [never_reached(e) for e in (inner, by_cause, TimeoutError("read"))]


def test_a_circle_of_causes_ends() -> None:
    """Exceptions may name one another."""
    first, second = RuntimeError("a"), RuntimeError("b")
    first.__cause__, second.__cause__ = second, first

    assert never_reached(first) is False
