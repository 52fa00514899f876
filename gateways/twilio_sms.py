"""SMS through Twilio.

Twilio has no idempotency keys and no field for one. The step's key travels in the status callback's address only, so
that an unknown send is looked up by recipient, time and text.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from gateways.http_errors import never_reached, retry_after
from gateways.ports.messages import Address, Rendered, Sent
from gateways.ports.trouble import LookupImpossible, ProviderMisuse, ProviderTrouble, Unreachable

T = TypeVar("T")

# Twilio's codes for a recipient that will never get it. (www.twilio.com/docs/api/errors, rules.md 3.2)
_UNREACHABLE = {
    21211: "The phone number is not valid.",
    21217: "The phone number is not valid.",
    21610: "The customer opted out of text messages (STOP).",
    21612: "The phone number cannot be reached from our sender.",
    21614: "The phone number is not a mobile number.",
    30004: "The recipient or its carrier blocks our messages.",
    30005: "The phone number does not exist.",
    30006: "The phone number is a landline, or its carrier cannot be reached.",
    30640: "Twilio blocks messages to this recipient.",
}
# Codes that a setting of ours causes.
_SETTINGS = {
    20003: "Twilio refuses the credentials: check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.",
    20404: "Twilio does not know the account: check TWILIO_ACCOUNT_SID.",
    21212: "Twilio refuses the sender: check TWILIO_FROM.",
    21408: "The Twilio account may not send to this country: enable it in the console's geographic permissions.",
    21603: "Twilio refuses the sender: check TWILIO_FROM.",
    21606: "Twilio refuses the sender: check TWILIO_FROM.",
    21609: "Twilio refuses the status callback: check TWILIO_STATUS_CALLBACK.",
    21659: "Twilio refuses the sender: check TWILIO_FROM.",
}
_NEWEST = 1000
_CLOCK_GRAIN = timedelta(seconds=2)


class TwilioSender:
    """`ports.Sender` for SMS.

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
        *,
        status_callback: str | None = None,
        list_lag: timedelta = timedelta(seconds=30),
    ) -> None:
        self._client = Client(account_sid, auth_token, http_client=_HttpClient(base_url, timeout))
        self._sender = {"messaging_service_sid" if sender.startswith("MG") else "from_": sender}
        self._status_callback = status_callback
        self._list_lag = list_lag
        # The look-up's address has the number in it.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

    def __repr__(self) -> str:
        return "TwilioSender()"

    def send(self, address: Address, message: Rendered, key: str) -> Sent:
        """Queues one message. Raises Unreachable, ProviderTrouble or ProviderMisuse."""
        number = _number(address)
        arguments: dict[str, Any] = {**self._sender}
        if self._status_callback:
            joint = "&" if urlsplit(self._status_callback).query else "?"
            arguments["status_callback"] = f"{self._status_callback}{joint}{urlencode({'dunning_key': key})}"
        sent = _call(
            "send a text message", lambda: self._client.messages.create(number, body=message.text, **arguments)
        )
        return Sent(provider_id=sent.sid)

    def find(self, address: Address, message: Rendered, key: str, since: datetime) -> Sent | None:  # noqa: ARG002
        """Looks for a message to this number with this very text, made at or after `since`, two seconds allowed for.

        Twilio's own date filter is not used: it goes by the day of sending, and a queued message has none.
        """
        number = _number(address)
        listed = _call("list text messages", lambda: self._client.messages.list(to=number, limit=_NEWEST))
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


class _HttpClient(TwilioHttpClient):  # type: ignore[misc]  # the SDK is not typed
    """The SDK's client with a base address, a time-out and no log: its log names the recipient's number."""

    def __init__(self, base_url: str, timeout: timedelta) -> None:
        silent = logging.Logger("twilio", level=logging.CRITICAL + 1)
        super().__init__(timeout=timeout.total_seconds(), logger=silent)
        self._base_url = base_url.rstrip("/")

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """Raises ProviderTrouble here, where the answer's headers are still at hand."""
        parts = urlsplit(url)
        address = self._base_url + parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            answer = super().request(method, address, *args, **kwargs)
        except OSError as error:
            raise ProviderTrouble("Twilio cannot be reached.", not_executed=never_reached(error)) from None
        if answer.status_code == 429:
            raise ProviderTrouble("Twilio asks to wait.", retry_after(answer.headers), not_executed=True)
        if answer.status_code >= 500:
            raise ProviderTrouble(f"Twilio answered {answer.status_code}.", retry_after(answer.headers))
        return answer


def _number(address: Address) -> str:
    if not address.phone:
        raise Unreachable("The customer has no phone number.")
    return address.phone


def _call(what: str, request: Callable[[], T]) -> T:
    try:
        return request()
    except TwilioException as error:
        raise _translated(error, what) from None
    except ValueError:
        # Not JSON although it is a success: the message may have been taken.
        raise ProviderTrouble(f"Twilio gave an answer that cannot be read: could not {what}.") from None


def _translated(error: TwilioException, what: str) -> Exception:
    code = getattr(error, "code", None)
    if code in _UNREACHABLE:
        return Unreachable(_UNREACHABLE[code])
    if code in _SETTINGS:
        return ProviderMisuse(_SETTINGS[code])
    status = getattr(error, "status", None)
    if status in (401, 403):
        return ProviderMisuse(_SETTINGS[20003])
    return ProviderMisuse(f"Twilio refuses to {what} (code {code}): www.twilio.com/docs/api/errors/{code} says why.")
