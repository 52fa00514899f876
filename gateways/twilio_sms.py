"""SMS through Twilio.

Twilio has no idempotency keys and no field for one. The step's key travels in the status callback's address only, so
that an unknown send is looked up by recipient, time and text.
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from domain.addresses import dialled_number
from domain.rules.refusals import About, Refusal, RefusalTable
from gateways.http_errors import never_reached, retry_after
from gateways.ports.messages import Address, Rendered, Sent
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.trouble import LookupImpossible, ProviderMisuse, ProviderTrouble, Unreachable

T = TypeVar("T")

_NEWEST = 1000
_CLOCK_GRAIN = timedelta(seconds=2)


class TwilioSender:
    """`ports.Sender` for SMS.

    refusals:        what Twilio's error codes are about (`policies/rules/twilio-errors.yaml`).
    sender:          a number in E.164, or the id of a messaging service (MG…).
    status_callback: an address of ours that Twilio reports to; the key is added to it.
    list_lag:        how late an accepted message may show in the list of messages.
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        base_url: str,
        sender: str,
        timeout: timedelta,
        refusals: RefusalTable,
        *,
        status_callback: str | None = None,
        list_lag: timedelta = timedelta(seconds=30),
        meter: Meter = NO_METER,
    ) -> None:
        self._client = Client(account_sid, auth_token, http_client=_HttpClient(base_url, timeout, meter))
        self._refusals = refusals
        self._sender = {"messaging_service_sid" if sender.startswith("MG") else "from_": sender}
        self._status_callback = status_callback
        self._list_lag = list_lag
        # The look-up's address has the number in it.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

    def __repr__(self) -> str:
        return "TwilioSender()"

    def send(self, address: Address, message: Rendered, key: str) -> Sent:
        """Queues one message. Raises Unreachable, ProviderTrouble or ProviderMisuse."""
        if not address.phone:
            raise Unreachable("The customer has no phone number.")
        number = dialled_number(address.phone)
        if number is None:
            raise Unreachable("What is kept as the customer's phone number is none.")
        arguments: dict[str, Any] = {**self._sender}
        if self._status_callback:
            joint = "&" if urlsplit(self._status_callback).query else "?"
            arguments["status_callback"] = f"{self._status_callback}{joint}{urlencode({'dunning_key': key})}"
        try:
            sent = _call(
                "send a text message", lambda: self._client.messages.create(number, body=message.text, **arguments)
            )
        except _Refused as refused:
            raise self._translated(refused) from None
        return Sent(provider_id=sent.sid)

    def find(self, address: Address, message: Rendered, key: str, since: datetime) -> Sent | None:  # noqa: ARG002
        """Looks for a message to this number with this very text, made at or after `since`, two seconds allowed for.

        Twilio's own date filter is not used: it goes by the day of sending, and a queued message has none.
        """
        number = dialled_number(address.phone)
        if number is None:
            raise LookupImpossible("The number that it may have gone to is not known any more.")
        try:
            listed = _call("list text messages", lambda: self._client.messages.list(to=number, limit=_NEWEST))
        except _Refused as refused:
            error = self._translated(refused)
            # That Twilio does not look a number up says nothing of what was sent to it.
            raise LookupImpossible(str(error)) if isinstance(error, Unreachable) else error from None
        recent = [m for m in listed if m.date_created and m.date_created >= since - _CLOCK_GRAIN]
        outbound = [m for m in recent if str(m.direction).startswith("outbound")]
        for found in outbound:
            # A trial account puts a sentence of Twilio's in front of the text.
            if found.body and found.body.endswith(message.text):
                return Sent(provider_id=found.sid)
        if any(not found.body for found in outbound):
            raise LookupImpossible("This Twilio account does not keep the text of its messages.")
        if len(listed) >= _NEWEST and len(recent) == len(listed):
            raise LookupImpossible("This number gets too many messages to tell them apart.")
        visible = since + self._list_lag - datetime.now(UTC)
        if visible > timedelta(0):
            raise ProviderTrouble("Twilio's list of messages may not show the newest ones yet.", visible)
        return None

    def _translated(self, refused: "_Refused") -> Exception:
        found: Refusal = self._refusals.of(refused.codes)
        match found.about:
            case About.ADDRESS | About.WISH | About.COUNTRY:
                return Unreachable(found.why, found.rule, found.about)
            case About.ACCOUNT:
                return ProviderMisuse(f"{found.why} ({refused.codes[0]})")
            case About.NOW:
                return ProviderTrouble(found.why, refused.wait, not_executed=True)


class _Refused(Exception):
    """A 4xx. `codes`: Twilio's own, where it gives one, and the HTTP status."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        status = str(answer.status_code)
        code = _code(answer.text)
        self.codes = (code, status) if code else (status,)
        self.wait = retry_after(answer.headers)


class _HttpClient(TwilioHttpClient):  # type: ignore[misc]  # the SDK is not typed
    """The SDK's client with a base address, a time-out and no log: its log names the recipient's number."""

    def __init__(self, base_url: str, timeout: timedelta, meter: Meter) -> None:
        self._meter = meter
        silent = logging.Logger("twilio", level=logging.CRITICAL + 1)
        super().__init__(timeout=timeout.total_seconds(), logger=silent)
        self._base_url = base_url.rstrip("/")

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """Raises ProviderTrouble and _Refused here, where the answer's headers are still at hand."""
        parts = urlsplit(url)
        address = self._base_url + parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            # Its address names the account: nothing but messages is asked for here.
            with self._meter.call("twilio", f"{method.lower()} messages") as call:
                answer = super().request(method, address, *args, **kwargs)
                call.answered(answer.status_code)
        except OSError as error:
            raise ProviderTrouble("Twilio cannot be reached.", not_executed=never_reached(error)) from None
        if answer.status_code >= 500:
            raise ProviderTrouble(f"Twilio answered {answer.status_code}.", retry_after(answer.headers))
        if answer.status_code >= 400:
            raise _Refused(answer)
        return answer


def _code(body: str) -> str | None:
    """Twilio's own code in an error's body; a proxy's answer has none."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    code = found.get("code") if isinstance(found, dict) else None
    return str(code) if isinstance(code, int) and not isinstance(code, bool) else None


def _call(what: str, request: Callable[[], T]) -> T:
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
