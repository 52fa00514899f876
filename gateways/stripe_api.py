"""Requests to Stripe through its SDK, answered as plain JSON, and Stripe's errors in the two shapes of `ports`.

The SDK's own objects are passed by: to build them takes three times as long as the request itself. Its retries are off:
Temporal retries, under the same idempotency key. An exception never carries Stripe's message, because that may name the
customer, and failures stay in the workflow's history.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import stripe
from urllib3.exceptions import HTTPError

from gateways.http_errors import header, never_reached, retry_after
from gateways.http_pool import HttpPool
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.trouble import NotFound, ProviderMisuse, ProviderTrouble, RequestRefused
from gateways.stripe_fields import Json, expanded, object_id

PAGE = 100
"""The most that one answer has (docs.stripe.com/api/pagination)."""

BUSY = frozenset({"idempotency_key_in_use", "lock_timeout", "rate_limit"})
OF_ACCOUNT = frozenset(
    {
        "account_invalid",
        "api_key_expired",
        "capability_not_active",
        "invoice_no_payment_method_types",
        "livemode_mismatch",
        "not_allowed_on_standard_account",
        "payment_method_unactivated",
        "platform_account_required",
        "platform_api_key_expired",
        "secret_key_required",
        "testmode_charges_only",
        "tls_version_unsupported",
    }
)
"""What an account's key or settings do not allow, whoever the customer is (docs.stripe.com/error-codes)."""


class Declined(stripe.StripeError):
    """A payment that was refused (402), with what `json_body` tells of it.

    The SDK's own error makes objects of the whole payment first, which takes as long as two requests.
    """

    def __init__(self, body: Json, headers: Mapping[str, str]) -> None:
        super().__init__(http_status=402, headers=dict(headers), code=body["error"].get("code"))
        self.json_body = body


class _Transport(stripe.HTTPClient):
    """The SDK's way out. Its own ones ask the environment about proxies and passwords at every request."""

    name = "urllib3"

    def __init__(self, base_url: str, timeout: timedelta) -> None:
        super().__init__()
        # The certificates that the SDK brings, as its own ways out use them.
        self._pool = HttpPool(base_url, timeout, stripe.ca_bundle_path)

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        try:
            answer = self._pool.send(method.upper(), url, headers or {}, post_data)
        except HTTPError as error:
            raise stripe.APIError(type(error).__name__) from error
        body = answer.data.decode(errors="replace")
        if answer.status == 402 and (refused := _error_in(body)):
            raise Declined(refused, answer.headers)
        return body, answer.status, answer.headers


class StripeApi:
    """One account of Stripe's, in the API version that the SDK pins. Safe to be shared by threads."""

    def __init__(
        self, api_key: str, base_url: str, timeout: timedelta, account: str | None = None, meter: Meter = NO_METER
    ) -> None:
        self._meter = meter
        self._client = stripe.StripeClient(
            api_key,
            stripe_account=account,
            base_addresses={"api": base_url},
            max_network_retries=0,
            http_client=_Transport(base_url, timeout),
        )
        # Else the SDK keeps an id in the home folder, and tells Stripe about this machine and how long calls took.
        stripe.enable_telemetry = False
        # The SDK writes whole answers into its debug log, and Stripe's messages into its info log.
        logging.getLogger("stripe").setLevel(logging.WARNING)

    def __repr__(self) -> str:
        return "StripeApi()"

    def get(self, what: str, *path: str, **params: Any) -> Json:
        """Reads /v1/{path}. `what` completes "could not …" and names the object's id.

        Raises NotFound, ProviderTrouble or ProviderMisuse.
        """
        try:
            return self._send("get", path, params)
        except stripe.StripeError as error:
            raise translated(error, what) from None

    def now(self) -> datetime | None:
        """Stripe's clock, from the head of an answer; None when it shows none. Raises as `get`."""
        try:
            answer = self._raw("get", ("invoices",), {"limit": 1})
        except stripe.StripeError as error:
            raise translated(error, "read invoices") from None
        try:
            return parsedate_to_datetime(header(answer.headers, "date"))
        except ValueError:
            return None

    def allows(self, method: str, *path: str, **params: Any) -> bool:
        """Whether the key may make a call that changes nothing, because it names no object that there is.

        Stripe looks at the permissions of a restricted key before it looks at the object. Raises as `get`.
        """
        try:
            self._send(method, path, params | ({} if method == "get" else {"idempotency_key": str(uuid4())}))
        except stripe.PermissionError:
            return False
        except stripe.StripeError as error:
            why = translated(error, f"call {'/'.join(path)}")
            if error.http_status not in (400, 402, 404):
                raise why from None
        return True

    def newest(self, what: str, *path: str, **params: Any) -> Json:
        """The first object of a list; empty when there is none. Raises as `get`."""
        listed = self.listed(what, *path, limit=1, **params)
        return listed[0] if listed else {}

    def listed(self, what: str, *path: str, **params: Any) -> list[Json]:
        """One page of a list, which Stripe sorts by time, the newest first. Raises as `get`."""
        listed = self.get(what, *path, **params).get("data")
        if not isinstance(listed, list):
            # Taken for an empty list, a charge would be taken for one that was never made.
            raise ProviderTrouble(f"Stripe's answer cannot be read: could not {what}.")
        return [expanded(one) for one in listed]

    def every(self, what: str, *path: str, **params: Any) -> Iterator[Json]:
        """All objects of a list, page by page, the newest first. Raises as `get`."""
        after: dict[str, str] = {}
        more = True
        while more:
            page = self.get(what, *path, limit=PAGE, **params, **after)
            listed = page.get("data")
            if not isinstance(listed, list):
                # Taken for the end of the list, all that follows would be missed.
                raise ProviderTrouble(f"Stripe's answer cannot be read: could not {what}.")
            yield from (expanded(one) for one in listed)
            last = object_id(listed[-1]) if listed else None
            more, after = page.get("has_more") is True and last is not None, {"starting_after": last or ""}

    def thin_event(self, body: str) -> Json:
        """The event that a thin notification only names: the snapshot of its object, as a webhook delivers it, where
        there is one, else the event of Stripe's second API. Raises as `get`; ValueError for what is no notification.

        (docs.stripe.com/event-destinations; `snapshot_event` of docs.stripe.com/api/v2/core/events)
        """
        try:
            notification = self._client.parse_event_notification_without_verification(body)
            what = f"read the event {notification.id}"
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"It has no {error}.") from None
        try:
            with self._counted("get core events"):
                thin = notification.fetch_event()
        except stripe.StripeError as error:
            raise translated(error, what) from None
        snapshot = thin.to_dict().get("snapshot_event")
        return self.get(what, "events", snapshot) if isinstance(snapshot, str) else thin.to_dict()

    def post(self, *path: str, key: str, **params: Any) -> Json:
        """Changes something, once per idempotency key. Raises stripe.StripeError: what it means depends on the act."""
        return self._send("post", path, params | {"idempotency_key": key})

    def delete(self, *path: str, key: str) -> Json:
        """As `post`."""
        return self._send("delete", path, {"idempotency_key": key})

    def _send(self, method: str, path: tuple[str, ...], params: dict[str, Any]) -> Json:
        answer = self._raw(method, path, params)
        if not isinstance(answer.data, dict):
            raise stripe.APIError("The answer is no JSON object.", http_status=answer.code, headers=answer.headers)
        return answer.data

    def _raw(self, method: str, path: tuple[str, ...], params: dict[str, Any]) -> Any:
        # An id comes from outside: none may lead to another place.
        url = "/".join(("/v1", *(quote(part, safe="") for part in path)))
        with self._counted(_operation(method, path)):
            return self._client.raw_request(method, url, **params)

    @contextmanager
    def _counted(self, operation: str) -> Iterator[None]:
        with self._meter.call("stripe", operation) as call:
            try:
                yield
            except stripe.StripeError as error:
                call.answered(_status(error))
                raise


def _status(error: stripe.StripeError) -> int | None:
    """Below 400 the answer was cut off: as good as none."""
    return error.http_status if (error.http_status or 0) >= 400 else None


def _operation(method: str, path: tuple[str, ...]) -> str:
    """Without the ids: every second part of a path is one."""
    return " ".join((method, *path[::2]))


def _error_in(body: str) -> Json | None:
    """The answer, if it is one of Stripe's errors, and whole."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and isinstance(answer.get("error"), dict) else None


def is_spent(error: stripe.StripeError) -> bool:
    """Whether nothing more will come of the idempotency key: Stripe repeats what it has stored for 24 hours.

    It stores its own failures too, and refuses the key with other parameters. (docs.stripe.com/idempotency)
    """
    stored = header(error.headers, "idempotent-replayed") == "true"
    return isinstance(error, stripe.IdempotencyError) or (stored and (error.http_status or 0) >= 500)


def translated(error: stripe.StripeError, what: str) -> Exception:
    """Stripe's error in the two shapes of `ports`. `what` completes "could not …" and names the object's id."""
    status = error.http_status
    if status is None or status < 400 or status >= 500 or status in (409, 429) or error.code in BUSY:
        # Below 400: the answer was cut off or is not JSON, so that the outcome is unknown.
        reason = f"answered {status}" if status else "cannot be reached"
        return ProviderTrouble(
            f"Stripe {reason}: could not {what}.",
            retry_after(error.headers),
            not_executed=status == 429 or never_reached(error),
        )
    if status == 401:
        return ProviderMisuse("Stripe refuses the API key: check STRIPE_API_KEY.")
    if status == 403:
        return ProviderMisuse(
            f"The Stripe key may not {what}: give the key in STRIPE_API_KEY that permission, or use another."
        )
    if status == 404 or error.code == "resource_missing":
        return NotFound(
            f"Stripe does not know the id: could not {what}. Check the id and the account of STRIPE_API_KEY."
        )
    code = error.code or (error.error.type if error.error else None) or status
    if code in OF_ACCOUNT:
        return ProviderMisuse(f"Stripe's account does not allow it ({code}): could not {what}. Change its settings.")
    return RequestRefused(
        f"Stripe refuses ({code}): could not {what}. See request {error.request_id} in its dashboard."
    )
