"""LINE: push messages, each of them with a retry key by which LINE executes it once (within 24 hours)."""

from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from linebot.v3.messaging.models.push_message_request import PushMessageRequest
from linebot.v3.messaging.models.push_message_response import PushMessageResponse
from linebot.v3.messaging.models.text_message import TextMessage

from domain.addresses import line_user
from domain.rules.refusals import About, RefusalTable
from gateways.http_errors import header
from gateways.line_api import LineApi, Refused
from gateways.ports.messages import Address, Rendered, Sent
from gateways.ports.trouble import LookupImpossible, ProviderMisuse, ProviderTrouble, Unreachable

_KEPT = timedelta(hours=23)
"""For how long the same retry key is taken once: LINE says 24 hours from the first request."""
_OWN_KEY = "X-Dunning-Key"
"""LINE has no field for it, and does not read it: for whoever watches what leaves the merchant's network."""
_ACCEPTED = "x-line-accepted-request-id"


def retry_key(key: str) -> str:
    """The UUID of a contact's key: the same for every try of one case, step and channel."""
    return str(uuid5(NAMESPACE_URL, key))


class LineSender:
    """`ports.Sender` for LINE. Whether a message arrives, LINE tells nobody: a push to somebody who has blocked the
    account is a success as well."""

    def __init__(self, api: LineApi, refusals: RefusalTable) -> None:
        self._api = api
        self._refusals = refusals

    def __repr__(self) -> str:
        return "LineSender()"

    def send(self, address: Address, message: Rendered, key: str) -> Sent:
        """Pushes one message. Raises Unreachable, ProviderTrouble or ProviderMisuse."""
        if not address.line_user_id:
            raise Unreachable("The customer has no LINE user id.")
        to = line_user(address.line_user_id)
        if to is None:
            raise Unreachable("What is kept as the customer's LINE user id is none.")
        request = PushMessageRequest(
            to=to,
            messages=[TextMessage(text=message.text, quickReply=None, quoteToken=None)],
            notificationDisabled=False,
            customAggregationUnits=None,
        )
        try:
            answer = self._api.call(
                "push a message",
                lambda: self._api.messaging.push_message_with_http_info(
                    request,
                    x_line_retry_key=retry_key(key),
                    _request_timeout=self._api.timeout,
                    _headers={_OWN_KEY: key},
                ),
            )
        except Refused as refused:
            if refused.status == 409:  # taken before, under this key
                return Sent(provider_id=header(refused.headers, _ACCEPTED) or None)
            raise self._translated(refused) from None
        if not isinstance(answer.data, PushMessageResponse):
            raise ProviderTrouble("LINE gave an answer that cannot be read: could not push a message.")
        return Sent(provider_id=header(answer.headers, "x-line-request-id") or None)

    def find(self, address: Address, message: Rendered, key: str, since: datetime) -> Sent | None:  # noqa: ARG002
        """LINE has no look-up: the same key is asked again instead, for as long as it is taken once."""
        if datetime.now(UTC) - since >= _KEPT:
            raise LookupImpossible("LINE knows no retry key that is older than a day.")
        return None

    def _translated(self, refused: Refused) -> Exception:
        found = self._refusals.of(refused.codes)
        match found.about:
            case About.ADDRESS | About.WISH | About.COUNTRY:
                return Unreachable(found.why, found.rule, found.about)
            case About.ACCOUNT:
                return ProviderMisuse(f"{found.why} ({refused.codes[0]})")
            case About.NOW:
                return ProviderTrouble(found.why, refused.wait, not_executed=True)
