"""Requests to Twilio through its SDK: the way out, and its errors in the shapes of `ports`."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

from gateways.http_errors import never_reached, retry_after
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble

T = TypeVar("T")

_API = "api.twilio.com"


class Refused(Exception):
    """A 4xx. `codes`: Twilio's own, where it gives one, and the HTTP status."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        status = str(answer.status_code)
        code = _code(answer.text)
        self.codes = (code, status) if code else (status,)
        self.wait = retry_after(answer.headers)


class TwilioHttp(TwilioHttpClient):  # type: ignore[misc]  # the SDK is not typed
    """The SDK's client with a base address, a time-out and no log: its log names the recipient's number."""

    def __init__(self, base_url: str, timeout: timedelta, meter: Meter = NO_METER) -> None:
        self._meter = meter
        silent = logging.Logger("twilio", level=logging.CRITICAL + 1)
        super().__init__(timeout=timeout.total_seconds(), logger=silent)
        self._base_url = base_url.rstrip("/")

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """Raises ProviderTrouble and Refused here, where the answer's headers are still at hand."""
        parts = urlsplit(url)
        # Its products have hosts of their own (content.twilio.com), unless all of Twilio is somewhere else.
        elsewhere = parts.netloc != _API and self._base_url == f"https://{_API}"
        base = f"https://{parts.netloc}" if elsewhere else self._base_url
        address = base + parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            # Its address names the account: of what is asked, only messages and calls are counted apart.
            what = next((name for name in ("messages", "calls") if f"/{name.title()}" in parts.path), "account")
            with self._meter.call("twilio", f"{method.lower()} {what}") as asked:
                answer = super().request(method, address, *args, **kwargs)
                asked.answered(answer.status_code)
        except OSError as error:
            raise ProviderTrouble("Twilio cannot be reached.", not_executed=never_reached(error)) from None
        if answer.status_code >= 500:
            raise ProviderTrouble(f"Twilio answered {answer.status_code}.", retry_after(answer.headers))
        if answer.status_code >= 400:
            raise Refused(answer)
        return answer


def _code(body: str) -> str | None:
    """Twilio's own code in an error's body; a proxy's answer has none."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    code = found.get("code") if isinstance(found, dict) else None
    return str(code) if isinstance(code, int) and not isinstance(code, bool) else None


def call(what: str, request: Callable[[], T]) -> T:
    try:
        return request()
    except TwilioException:
        # Neither a success nor a refusal: whoever answers there is not Twilio's API.
        raise ProviderMisuse(
            f"Twilio's answer is none of its API's: could not {what}; check TWILIO_API_BASE."
        ) from None
    except UnicodeEncodeError:
        raise ProviderMisuse(f"Half a character is in the text: could not {what}; look where it came from.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        # Not what it should be although it is a success: the message may have been taken.
        raise ProviderTrouble(f"Twilio gave an answer that cannot be read: could not {what}.") from None
