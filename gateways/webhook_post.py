"""Sending events as Standard Webhooks, to addresses that somebody else has chosen.

The name is looked up once for each try, and the connection goes to the address that was checked: a name that leads
elsewhere a moment later leads nobody astray. Redirects are not followed and the answer's body is not read. The
environment's proxies are not used: they would look the name up anew.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import httpx
from standardwebhooks.webhooks import Webhook

from gateways.http_errors import retry_after
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.outbox import Answer
from gateways.public_hosts import NotAllowed, NotFound, Resolve, address_of, check, resolve

_GONE = 410


class WebhookPost:
    """`ports.outbox.Post`. For one event loop.

    private: whether http, and hosts that are not public, are allowed.
    tls:     None: the usual authorities count.
    """

    def __init__(
        self,
        timeout: timedelta,
        clock: Callable[[], datetime],
        *,
        private: bool,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
        meter: Meter = NO_METER,
    ) -> None:
        self._meter = meter
        self._timeout = timeout.total_seconds()
        self._clock = clock
        self._private = private
        self._resolve = resolve
        # A connection is kept for nobody: it would stand for whatever host once had its address.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.AsyncClient(timeout=self._timeout, trust_env=False, limits=limits, verify=tls or True)

    async def send(self, url: str, secrets: Sequence[str], message_id: str, body: str) -> Answer:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._try(url, secrets, message_id, body)
        except (NotAllowed, NotFound) as error:
            return Answer(taken=False, why=str(error))
        except (TimeoutError, httpx.TimeoutException):
            return Answer(taken=False, why=f"It did not answer within {self._timeout:.0f} s.")
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            return Answer(taken=False, why=f"It cannot be reached ({type(error).__name__}).")

    async def close(self) -> None:
        await self._client.aclose()

    async def _try(self, url: str, secrets: Sequence[str], message_id: str, body: str) -> Answer:
        check(url, private=self._private)
        named = httpx.URL(url)
        host = named.raw_host.decode()
        port = named.port or (443 if named.scheme == "https" else 80)
        address = await address_of(host, port, self._resolve, scheme=named.scheme, private=self._private)
        headers = {
            "Host": named.netloc.decode(),
            "Content-Type": "application/json",
            "User-Agent": "dunning",
            **signed(secrets, message_id, self._clock(), body),
        }
        request = self._client.stream(
            "POST",
            named.copy_with(host=address),
            content=body.encode(),
            headers=headers,
            extensions={"sni_hostname": host},  # the certificate has to be the name's
        )
        with self._meter.call("endpoint", "post event") as call:
            async with request as answer:
                call.answered(answer.status_code)
                return _answer(answer)


def signed(secrets: Sequence[str], message_id: str, at: datetime, body: str) -> dict[str, str]:
    """The headers of one try, signed with each secret: while one is being rotated, either is enough."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, at, body) for secret in secrets),
    }


def _answer(answer: httpx.Response) -> Answer:
    if answer.is_success:
        return Answer(taken=True)
    wait = retry_after(answer.headers)
    return Answer(
        taken=False,
        why=f"It answered {answer.status_code}.",
        gone=answer.status_code == _GONE,
        retry_after=wait.total_seconds() if wait else None,
    )
