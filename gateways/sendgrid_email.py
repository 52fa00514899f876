"""E-mail through SendGrid.

SendGrid has no idempotency keys. The step's key travels as the custom argument `dunning_key`, by which accounts with
Email Activity can look a message up. The argument is kept for long and shown to staff: it holds ids only.
"""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from typing import Any

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import (
    ClickTracking,
    Content,
    CustomArg,
    From,
    Header,
    Mail,
    MimeType,
    OpenTracking,
    ReplyTo,
    Subject,
    To,
    TrackingSettings,
)

from domain.addresses import email_address
from domain.names import plausible_name
from domain.rules.refusals import About, RefusalTable
from gateways.email_domains import with_ascii_domain
from gateways.http_errors import header, never_reached, retry_after
from gateways.ports.messages import Address, Rendered, Sent
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.trouble import LookupImpossible, ProviderMisuse, ProviderTrouble, Unreachable

KEY = "dunning_key"


class SendGridSender:
    """`ports.Sender` for e-mail.

    refusals:       what SendGrid's errors are about (`policies/rules/sendgrid-errors.yaml`).
    from_name, reply_to: of messages that name no other; without a reply_to answers go to the sender.
    email_activity: whether the account has Email Activity; without it `find` cannot know anything.
    activity_lag:   how late a message may show there.
    unsubscribe:    the address at which the customer ends e-mails by one request (RFC 8058), by the step's key.
    """

    def __init__(
        self,
        api_key: str,
        base_url: str,
        from_email: str,
        from_name: str,
        timeout: timedelta,
        refusals: RefusalTable,
        *,
        reply_to: str | None = None,
        email_activity: bool = False,
        activity_lag: timedelta = timedelta(minutes=5),
        unsubscribe: Callable[[str], str] | None = None,
        meter: Meter = NO_METER,
    ) -> None:
        self._meter = meter
        self._api = SendGridAPIClient(api_key, host=base_url.rstrip("/"))
        self._api.client.timeout = timeout.total_seconds()
        self._refusals = refusals
        self._from_email, self._from_name = from_email, from_name
        self._reply_to = reply_to
        self._email_activity = email_activity
        self._activity_lag = activity_lag
        self._unsubscribe = unsubscribe
        # The SDK writes addresses and the key into its debug log.
        logging.getLogger("python_http_client").setLevel(logging.INFO)

    def __repr__(self) -> str:
        return f"SendGridSender(email_activity={self._email_activity})"

    def send(self, address: Address, message: Rendered, key: str) -> Sent:
        """Queues one e-mail, text part first. Raises Unreachable, ProviderTrouble or ProviderMisuse."""
        if not address.email:
            raise Unreachable("The customer has no e-mail address.")
        to = email_address(with_ascii_domain(address.email))
        if to is None:
            raise Unreachable("What is kept as the customer's e-mail address is none.")
        mail = self._mail(to, address, message, key)
        answer = self._call("send an e-mail", lambda: self._api.send(mail))
        return Sent(provider_id=header(answer.headers, "x-message-id") or None)

    def find(self, address: Address, message: Rendered, key: str, since: datetime) -> Sent | None:  # noqa: ARG002
        """Looks the key up in Email Activity. `since` is when it was sent, if it was."""
        if not self._email_activity:
            raise LookupImpossible("This SendGrid account has no Email Activity (SENDGRID_EMAIL_ACTIVITY is off).")
        query = {"query": f"(unique_args['{KEY}']=\"{key}\")", "limit": 1}
        try:
            answer = self._call("search Email Activity", lambda: self._api.client.messages.get(query_params=query))
        except Unreachable:
            # That SendGrid does not look it up says nothing of what was sent.
            raise LookupImpossible("SendGrid's Email Activity refuses the search.") from None
        try:
            found = [str(each["msg_id"]) for each in json.loads(answer.body)["messages"]]
        except (ValueError, KeyError, TypeError):
            raise ProviderTrouble("SendGrid's Email Activity gave an answer that cannot be read.") from None
        if found:
            return Sent(provider_id=found[0])
        visible = since + self._activity_lag - datetime.now(UTC)
        if visible > timedelta(0):
            raise ProviderTrouble("SendGrid's Email Activity does not show the message yet.", visible)
        return None

    def _mail(self, to: str, address: Address, message: Rendered, key: str) -> Mail:
        mail = Mail()
        mail.from_email = From(self._from_email, message.sender_name or self._from_name)
        if reply_to := message.reply_to or self._reply_to:
            mail.reply_to = ReplyTo(reply_to)
        mail.add_to(To(to, plausible_name(address.name, address.language)))
        mail.subject = Subject(message.subject)
        mail.add_content(Content(MimeType.text, message.text))
        if message.html:
            mail.add_content(Content(MimeType.html, message.html))
        mail.custom_arg = CustomArg(KEY, key)
        if self._unsubscribe:
            mail.header = Header("List-Unsubscribe", f"<{self._unsubscribe(key)}>")
            mail.header = Header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
        # A rewritten pay link would lead through a third party and could expire before it is opened.
        mail.tracking_settings = TrackingSettings(ClickTracking(False, False), OpenTracking(False))
        return mail

    def _call(self, what: str, request: Callable[[], Any]) -> Any:
        try:
            with self._meter.call("sendgrid", what) as call:
                try:
                    return request()
                except HTTPError as error:
                    call.answered(error.status_code)
                    raise
        except HTTPError as error:
            raise self._translated(error, what) from None
        except (OSError, HTTPException) as error:
            raise ProviderTrouble(
                f"SendGrid cannot be reached: could not {what}.", not_executed=never_reached(error)
            ) from None

    def _translated(self, error: HTTPError, what: str) -> Exception:
        status = error.status_code
        if status >= 500:
            return ProviderTrouble(f"SendGrid answered {status}: could not {what}.", retry_after(error.headers))
        if status < 400:
            return ProviderMisuse(f"SendGrid answered {status}: could not {what}; check SENDGRID_API_BASE.")
        found = self._refusals.of([*_places(error.body), str(status)])
        match found.about:
            case About.ADDRESS | About.WISH | About.COUNTRY:
                return Unreachable(found.why, found.rule, found.about)
            case About.ACCOUNT:
                return ProviderMisuse(found.why)
            case About.NOW:
                return ProviderTrouble(f"{found.why} Could not {what}.", _wait(error.headers), not_executed=True)


def _wait(headers: Any) -> timedelta | None:
    """SendGrid states the wait as the Unix second in which the limit ends."""
    reset = header(headers, "x-ratelimit-reset")
    if reset.isascii() and reset.isdigit():
        return max(timedelta(0), datetime.fromtimestamp(int(reset), UTC) - datetime.now(UTC))
    return retry_after(headers)


def _places(body: bytes) -> Iterator[str]:
    """The request's fields that SendGrid's error names, without numbers, each followed by those that it lies in."""
    try:
        named = [str(error["field"]) for error in json.loads(body)["errors"] if error.get("field")]
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    for field in named:
        parts = [part for part in field.split(".") if not part.isdigit()]
        yield from (".".join(parts[:length]) for length in range(len(parts), 0, -1))
