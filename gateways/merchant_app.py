"""The merchant's own application, told by a signed webhook: what the customer may use, and notices to show.

`POST` with a JSON body, `Idempotency-Key`, and `Dunning-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of
"{t}.{raw body}" under the shared secret>`. The application applies a key once.
"""

import hashlib
import hmac
import json
import time
from datetime import datetime, timedelta

import httpx

from domain.steps import Access
from gateways.http_post import Party, post
from gateways.ports.messages import Address, Rendered, Sent
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.trouble import NotFound

_PARTY = Party("merchant", "The merchant's application", "MERCHANT_WEBHOOK_URL", "MERCHANT_WEBHOOK_SECRET")


class MerchantApp:
    """`ports.ServiceAccess`. Safe to be shared by threads."""

    def __init__(self, url: str, secret: str, timeout: timedelta, meter: Meter = NO_METER) -> None:
        self._meter = meter
        self._url = url
        self._secret = secret.encode()
        self._client = httpx.Client(timeout=timeout.total_seconds())

    def __repr__(self) -> str:
        return f"MerchantApp(url={self._url!r})"

    def set_access(
        self, customer_id: str, subscription_id: str | None, invoice_id: str, access: Access, key: str
    ) -> None:
        """Tells the level of service that holds from now on: `service.restored`, or `service.restricted` to a level."""
        restored = access is Access.FULL
        self.deliver(
            {
                "type": "service.restored" if restored else "service.restricted",
                "customer": customer_id,
                "subscription": subscription_id,
                "invoice": invoice_id,
                "level": access.value,
            },
            key,
        )

    def ping(self) -> None:
        """Asks whether the application is there and takes our signature (`ping`). Raises as `deliver`."""
        self.deliver({"type": "ping", "customer": ""}, f"ping-{int(time.time())}")

    def deliver(self, message: dict[str, str | None], key: str) -> None:
        """Posts one message. Raises ProviderTrouble or ProviderMisuse."""
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Idempotency-Key": key, "Dunning-Signature": signature(self._secret, body, int(time.time()))}
        post(self._client, self._url, body, headers, _PARTY, self._meter, str(message["type"]))


class MerchantNotices:
    """`ports.Sender` and `ports.NoticeBoard` of notices inside the merchant's application."""

    def __init__(self, app: MerchantApp) -> None:
        self._app = app

    def send(self, address: Address, message: Rendered, key: str) -> Sent:
        """Hands over one notice (`notice.created`); the application shows it."""
        self._app.deliver(
            {
                "type": "notice.created",
                "customer": address.customer_id,
                "subject": message.subject,
                "text": message.text,
            },
            key,
        )
        return Sent(provider_id=key)

    def withdraw(self, customer_id: str, notice: str, key: str) -> None:
        """Takes a notice back (`notice.withdrawn`): what it says is not true any more."""
        try:
            self._app.deliver({"type": "notice.withdrawn", "customer": customer_id, "notice": notice}, key)
        except NotFound:
            # It has none of that name, or not any more. That the address is wrong, the next notice shows.
            return

    def find(self, address: Address, message: Rendered, key: str, since: datetime) -> Sent | None:  # noqa: ARG002
        """Always None: the application knows a repeated key, so sending again is the safe way to find out."""
        return None


def signature(secret: bytes, body: bytes, at: int) -> str:
    """The `Dunning-Signature` header of a raw body, `at` Unix seconds."""
    digest = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
