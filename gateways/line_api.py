"""Requests to LINE through its SDK: the way out, and its errors in the shapes of `ports`."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from linebot.v3.messaging.api.messaging_api import MessagingApi
from linebot.v3.messaging.api_client import ApiClient
from linebot.v3.messaging.configuration import Configuration
from linebot.v3.messaging.exceptions import ApiException, OpenApiException
from urllib3.exceptions import HTTPError

from gateways.http_errors import never_reached, retry_after
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble

T = TypeVar("T")

_LIMITS = {"You have reached your monthly limit.": "429-monthly"}
"""LINE's errors have no codes: this sentence alone tells the month's limit from the rate (Messaging API reference)."""


class Refused(Exception):
    """A 4xx. `codes`: our names for it, the most telling one first. headers: LINE's."""

    def __init__(self, error: ApiException) -> None:
        super().__init__()
        self.status = int(error.status or 0)
        self.headers: Mapping[str, str] = error.headers or {}
        self.codes = (*_codes(self.status, error.body), str(self.status))
        self.wait = retry_after(self.headers)


class LineApi:
    """The SDK's client with a base address, a time-out, no tries of its own, and a log that names nobody."""

    def __init__(self, token: str, base_url: str, timeout: timedelta, meter: Meter = NO_METER) -> None:
        configuration = Configuration(host=base_url.rstrip("/"), access_token=token)
        configuration.retries = False
        self.messaging = MessagingApi(ApiClient(configuration))
        self.timeout = timeout.total_seconds()
        self._meter = meter
        logging.getLogger("linebot.v3.messaging.rest").setLevel(logging.INFO)

    def __repr__(self) -> str:
        return "LineApi()"

    def call(self, what: str, request: Callable[[], T]) -> T:
        """Raises Refused, ProviderTrouble or ProviderMisuse."""
        try:
            with self._meter.call("line", what) as asked:
                try:
                    return request()
                except ApiException as error:
                    asked.answered(int(error.status or 0))
                    raise
        except ApiException as error:
            raise _translated(error, what) from None
        except HTTPError as error:
            raise ProviderTrouble(
                f"LINE cannot be reached: could not {what}.", not_executed=never_reached(error)
            ) from None
        except (OpenApiException, ValueError, TypeError, AttributeError):
            # Not what it should be although it is a success: the message may have been taken.
            raise ProviderTrouble(f"LINE gave an answer that cannot be read: could not {what}.") from None


def _translated(error: ApiException, what: str) -> Exception:
    status = int(error.status or 0)
    if status >= 500 or status == 0:
        return ProviderTrouble(f"LINE answered {status}: could not {what}.", retry_after(error.headers))
    if status < 400:
        return ProviderMisuse(f"LINE answered {status}: could not {what}; check LINE_API_BASE.")
    return Refused(error)


def _codes(status: int, body: Any) -> Iterator[str]:
    """`429-monthly`, `400-to`: by what LINE's sentence says, and by the properties that it names."""
    try:
        found = json.loads(body or "{}")
    except ValueError:
        return
    if not isinstance(found, dict):
        return
    if code := _LIMITS.get(str(found.get("message"))):
        yield code
    details = found.get("details")
    for one in details if isinstance(details, list) else ():
        if isinstance(one, dict) and isinstance(one.get("property"), str):
            yield f"{status}-{one['property'].split('[')[0]}"
    if "'to'" in str(found.get("message")):
        yield f"{status}-to"
