"""Messages through Twilio: SMS here, WhatsApp in `twilio_whatsapp.py`.

Twilio has no idempotency keys and no field for one. The step's key travels in the status callback's address only, so
that an unknown send is looked up by recipient, time and text.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from twilio.rest import Client

from domain.addresses import dialled_number
from domain.rules.refusals import About, Refusal, RefusalTable
from gateways.ports.messages import Address, Rendered, Sent
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.trouble import LookupImpossible, ProviderMisuse, ProviderTrouble, Unreachable
from gateways.twilio_api import Refused, TwilioHttp, call

_NEWEST = 1000
_CLOCK_GRAIN = timedelta(seconds=2)


class TwilioSender:
    """`ports.Sender` for SMS.

    refusals:        what Twilio's error codes are about (`policies/rules/twilio-errors.yaml`).
    sender:          a number in E.164, or the id of a messaging service (MG…).
    status_callback: an address of ours that Twilio reports to; the key is added to it.
    list_lag:        how late an accepted message may show in the list of messages.
    """

    _way: ClassVar[str] = ""
    """What stands before a number."""

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
        self._client = Client(account_sid, auth_token, http_client=TwilioHttp(base_url, timeout, meter))
        self._refusals = refusals
        self._sender = self._from(sender)
        self._status_callback = status_callback
        self._list_lag = list_lag
        # The look-up's address has the number in it.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def send(self, address: Address, message: Rendered, key: str) -> Sent:
        """Queues one message. Raises Unreachable, ProviderTrouble or ProviderMisuse."""
        if not address.phone:
            raise Unreachable("The customer has no phone number.")
        number = dialled_number(address.phone)
        if number is None:
            raise Unreachable("What is kept as the customer's phone number is none.")
        arguments: dict[str, Any] = {**self._sender, **self._content(message)}
        if self._status_callback:
            joint = "&" if urlsplit(self._status_callback).query else "?"
            arguments["status_callback"] = f"{self._status_callback}{joint}{urlencode({'dunning_key': key})}"
        try:
            sent = call(
                "send a text message", lambda: self._client.messages.create(f"{self._way}{number}", **arguments)
            )
        except Refused as refused:
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
            there = f"{self._way}{number}"
            listed = call("list text messages", lambda: self._client.messages.list(to=there, limit=_NEWEST))
        except Refused as refused:
            error = self._translated(refused)
            # That Twilio does not look a number up says nothing of what was sent to it.
            raise LookupImpossible(str(error)) if isinstance(error, Unreachable) else error from None
        recent = [m for m in listed if m.date_created and m.date_created >= since - _CLOCK_GRAIN]
        outbound = [m for m in recent if str(m.direction).startswith("outbound")]
        for found in outbound:
            if found.body and self._is(found.body, message):
                return Sent(provider_id=found.sid)
        if why := self._cannot_tell([found.body for found in outbound]):
            raise LookupImpossible(why)
        if len(listed) >= _NEWEST and len(recent) == len(listed):
            raise LookupImpossible("This number gets too many messages to tell them apart.")
        visible = since + self._list_lag - datetime.now(UTC)
        if visible > timedelta(0):
            raise ProviderTrouble("Twilio's list of messages may not show the newest ones yet.", visible)
        return None

    def _from(self, sender: str) -> dict[str, str]:
        return {"messaging_service_sid" if sender.startswith("MG") else "from_": sender}

    def _content(self, message: Rendered) -> dict[str, Any]:
        """What Twilio is given to say."""
        return {"body": message.text}

    def _is(self, body: str, message: Rendered) -> bool:
        """Whether what Twilio has is the message: an account on trial puts a sentence of Twilio's in front of it."""
        return body.endswith(message.text)

    def _cannot_tell(self, bodies: Sequence[str | None]) -> str | None:
        """Why one of these others may be the message all the same; None: none is."""
        return None if all(bodies) else "This Twilio account does not keep the text of its messages."

    def _translated(self, refused: Refused) -> Exception:
        found: Refusal = self._refusals.of(refused.codes)
        match found.about:
            case About.ADDRESS | About.WISH | About.COUNTRY:
                return Unreachable(found.why, found.rule, found.about)
            case About.ACCOUNT:
                return ProviderMisuse(f"{found.why} ({refused.codes[0]})")
            case About.NOW:
                return ProviderTrouble(found.why, refused.wait, not_executed=True)
