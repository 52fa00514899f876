"""Stripe's HTTP surface: authentication, idempotency keys, parameters and the endpoints that dunning uses."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.providers.exchange import Reply, answer, local_path, read_body, run
from sandbox.providers.faults import InnerFaults
from sandbox.providers.journal import Json
from sandbox.providers.stripe_objects import API_VERSION
from sandbox.providers.stripe_store import Cause, StripeFailure, invalid_request
from sandbox.providers.stripe_world import StripeWorld

Params = Mapping[str, str]
Handler = Callable[[StripeWorld, Cause, Mapping[str, str], Params], Json]

IDEMPOTENCY_LIFETIME = timedelta(hours=24)
_CAUSE_KEY = "sandbox.stripe.cause"
_LIST_PARAMS = frozenset({"limit", "starting_after", "ending_before"})


@dataclass(frozen=True)
class Endpoint:
    """One call. `params` are the accepted parameters; `nested` the accepted prefixes before a bracket."""

    method: str
    path: str
    handler: Handler
    params: frozenset[str] = frozenset()
    nested: frozenset[str] = frozenset()


@dataclass
class _StoredReply:
    request: str
    params: bytes
    request_id: str
    since: datetime
    reply: Reply | None = None


@dataclass
class _Guard:
    """Authentication and idempotency, in front of the endpoints."""

    app: ASGIApp
    world: StripeWorld
    stored: dict[str, _StoredReply] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        await answer(send, await self._reply(scope, body))

    async def _reply(self, scope: Scope, body: bytes) -> Reply:
        request_id = self.world.journal.new_id("req")
        headers = Headers(scope=scope)
        key = headers.get("idempotency-key") if scope["method"] == "POST" else None
        standard = {"Request_Id": request_id, "Stripe_Version": headers.get("stripe-version", API_VERSION)}
        refusal = self._authenticate(headers.get("authorization", ""))
        if refusal is not None:
            return _json_reply(401, refusal).with_headers(**standard)
        if key is None:
            scope = {**scope, _CAUSE_KEY: Cause(request_id, origin="api")}
            return (await run(self.app, scope, body)).with_headers(**standard)
        return (await self._once(scope, body, key, request_id)).with_headers(**standard, Idempotency_Key=key)

    async def _once(self, scope: Scope, body: bytes, key: str, request_id: str) -> Reply:
        request = f"{scope['method']} {local_path(scope)}"
        now = self.world.journal.clock()
        with self.world.journal.lock:
            earlier = self.stored.get(key)
            if earlier is not None and earlier.reply and now - earlier.since > IDEMPOTENCY_LIFETIME:
                earlier = None
            if earlier is None:
                mine = self.stored[key] = _StoredReply(request, _fingerprint(body), request_id, now)
        if earlier is not None:
            return self._repeat(earlier, request, body, key)
        cause = Cause(request_id, key, origin="api")
        reply = await run(self.app, {**scope, _CAUSE_KEY: cause}, body)
        with self.world.journal.lock:
            if cause.executed:
                mine.reply = reply
            else:
                del self.stored[key]
        return reply

    def _repeat(self, earlier: _StoredReply, request: str, body: bytes, key: str) -> Reply:
        if earlier.request != request:
            return _json_reply(
                400,
                _idempotency_error(
                    f"Keys for idempotent requests can only be used for the same endpoint they were first used for "
                    f"('{request}' vs '{earlier.request}'). Try using a key other than '{key}' if you meant to execute "
                    f"a different request."
                ),
            )
        if earlier.params != _fingerprint(body):
            return _json_reply(
                400,
                _idempotency_error(
                    f"Keys for idempotent requests can only be used with the same parameters they were first used "
                    f"with. Try using a key other than '{key}' if you meant to execute a different request."
                ),
            )
        if earlier.reply is None:
            return _json_reply(
                409,
                {
                    "code": "idempotency_key_in_use",
                    "doc_url": "https://docs.stripe.com/error-codes/idempotency-key-in-use",
                    "message": "There is currently another in-progress request using this Idempotent Key (that "
                    f"probably means you submitted twice, and the other request is still going through): {key}.",
                    "type": "invalid_request_error",
                },
            )
        self.world.journal.record("stripe", "idempotent.replayed", {}, key=key, data={"request": request})
        return earlier.reply.with_headers(Idempotent_Replayed="true", Original_Request=earlier.request_id)

    def _authenticate(self, authorization: str) -> Json | None:
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() == "basic":
            credentials = base64.b64decode(credentials).decode().partition(":")[0]
        if credentials == self.world.api_key:
            return None
        message = (
            f"Invalid API Key provided: {credentials[:8]}{'*' * 8}{credentials[-4:]}"
            if credentials
            else "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
        return {"message": message, "type": "invalid_request_error"}


def _idempotency_error(message: str) -> Json:
    return {"message": message, "type": "idempotency_error"}


def _json_reply(status: int, error: Json) -> Reply:
    response = JSONResponse({"error": error}, status)
    return Reply(status, response.raw_headers, bytes(response.body))


def _fingerprint(body: bytes) -> bytes:
    pairs = sorted(parse_qsl(body.decode(), keep_blank_values=True))
    return json.dumps(pairs).encode()


def stripe_app(world: StripeWorld) -> ASGIApp:
    """The ASGI application of one Stripe account."""
    routes = [Route(e.path, _endpoint(world, e), methods=[e.method]) for e in ENDPOINTS]
    router = Starlette(routes=routes, exception_handlers={404: _unknown_url, 405: _unknown_url})
    return _Guard(InnerFaults(router, "stripe"), world)


async def _unknown_url(request: Request, _: Exception) -> Response:
    failure = invalid_request(
        f"Unrecognized request URL ({request.method}: {local_path(request.scope)}). The stand-in knows only the "
        "calls that dunning makes: add the endpoint to sandbox/providers/stripe_api.py.",
        status=404,
    )
    return JSONResponse({"error": failure.body}, failure.status)


def _endpoint(world: StripeWorld, endpoint: Endpoint) -> Callable[[Request], object]:
    async def call(request: Request) -> Response:
        raw = request.url.query if request.method in ("GET", "DELETE") else (await request.body()).decode()
        pairs = parse_qsl(raw, keep_blank_values=True)
        expand = [value for name, value in pairs if name.partition("[")[0] == "expand"]
        params = {name: value for name, value in pairs if name.partition("[")[0] != "expand"}
        cause: Cause = request.scope[_CAUSE_KEY]
        try:
            for name in params:
                if name not in endpoint.params and name.partition("[")[0] not in endpoint.nested:
                    raise invalid_request(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
            cause.executed = True
            with world.journal.lock:
                found = endpoint.handler(world, cause, request.path_params, params)
                return JSONResponse(world.store.view(found, expand))
        except StripeFailure as failure:
            return JSONResponse({"error": failure.body}, failure.status)
        finally:
            world.webhooks.deliver()

    return call


def _read(kind: str, param: str = "id") -> Handler:
    def handler(world: StripeWorld, _: Cause, path: Mapping[str, str], __: Params) -> Json:
        return world.store.get(kind, path["id"], param)

    return handler


def _pay(world: StripeWorld, cause: Cause, path: Mapping[str, str], params: Params) -> Json:
    invoice = world.store.get("invoice", path["id"], param="invoice")
    if params.get("paid_out_of_band") == "true":
        world.payments.pay_out_of_band(invoice, cause)
    else:
        world.payments.collect(invoice, cause, payment_method=params.get("payment_method"))
    return invoice


def _void(world: StripeWorld, cause: Cause, path: Mapping[str, str], _: Params) -> Json:
    invoice = world.store.get("invoice", path["id"], param="invoice")
    world.billing.void(invoice, cause)
    return invoice


def _mark_uncollectible(world: StripeWorld, cause: Cause, path: Mapping[str, str], _: Params) -> Json:
    invoice = world.store.get("invoice", path["id"], param="invoice")
    world.billing.mark_uncollectible(invoice, cause)
    return invoice


def _cancel_subscription(world: StripeWorld, cause: Cause, path: Mapping[str, str], params: Params) -> Json:
    subscription = world.store.get("subscription", path["id"])
    world.billing.cancel_subscription(subscription, cause, comment=params.get("cancellation_details[comment]"))
    return subscription


def _list_invoice_payments(world: StripeWorld, _: Cause, __: Mapping[str, str], params: Params) -> Json:
    wanted_invoice = params.get("invoice")
    wanted_intent = params.get("payment[payment_intent]")
    found = [
        p
        for p in reversed(world.store.of_kind("invoice_payment", wanted_intent or wanted_invoice))
        if wanted_invoice in (None, p["invoice"])
        and wanted_intent in (None, p["payment"]["payment_intent"])
        and params.get("status") in (None, p["status"])
    ]
    return _page(found, "/v1/invoice_payments", params)


def _list_charges(world: StripeWorld, _: Cause, __: Mapping[str, str], params: Params) -> Json:
    found = [
        c
        for c in reversed(world.store.of_kind("charge", params.get("payment_intent") or params.get("customer")))
        if params.get("payment_intent") in (None, c["payment_intent"])
        and params.get("customer") in (None, c["customer"])
        and _in_range(c["created"], params)
    ]
    return _page(found, "/v1/charges", params)


def _list_events(world: StripeWorld, _: Cause, __: Mapping[str, str], params: Params) -> Json:
    types = {value for name, value in params.items() if name.partition("[")[0] in ("type", "types")}
    found = [
        e for e in reversed(world.store.events) if (not types or e["type"] in types) and _in_range(e["created"], params)
    ]
    return _page(found, "/v1/events", params)


def _read_event(world: StripeWorld, _: Cause, path: Mapping[str, str], __: Params) -> Json:
    return world.store.event(path["id"])


def _in_range(created: int, params: Params) -> bool:
    return (
        created >= int(params.get("created[gte]", created))
        and created <= int(params.get("created[lte]", created))
        and created > int(params.get("created[gt]", created - 1))
        and created < int(params.get("created[lt]", created + 1))
    )


def _page(found: list[Json], url: str, params: Params) -> Json:
    """One page of a list whose newest object is first."""
    ids = [obj["id"] for obj in found]
    limit = int(params.get("limit", "10"))
    if "ending_before" in params:
        end = ids.index(params["ending_before"])
        start = max(0, end - limit)
        return {"object": "list", "data": found[start:end], "has_more": start > 0, "url": url}
    start = ids.index(params["starting_after"]) + 1 if "starting_after" in params else 0
    page = found[start : start + limit]
    return {"object": "list", "data": page, "has_more": start + limit < len(found), "url": url}


ENDPOINTS = [
    Endpoint("GET", "/v1/invoices/{id}", _read("invoice", "invoice")),
    Endpoint(
        "POST",
        "/v1/invoices/{id}/pay",
        _pay,
        frozenset({"payment_method", "off_session", "paid_out_of_band", "forgive", "mandate", "source"}),
    ),
    Endpoint("POST", "/v1/invoices/{id}/void", _void),
    Endpoint("POST", "/v1/invoices/{id}/mark_uncollectible", _mark_uncollectible),
    Endpoint(
        "GET",
        "/v1/invoice_payments",
        _list_invoice_payments,
        _LIST_PARAMS | {"invoice", "status"},
        frozenset({"payment"}),
    ),
    Endpoint("GET", "/v1/invoice_payments/{id}", _read("invoice_payment")),
    Endpoint("GET", "/v1/payment_intents/{id}", _read("payment_intent", "intent")),
    Endpoint(
        "GET",
        "/v1/charges",
        _list_charges,
        _LIST_PARAMS | {"payment_intent", "customer"},
        frozenset({"created"}),
    ),
    Endpoint("GET", "/v1/charges/{id}", _read("charge")),
    Endpoint("GET", "/v1/customers/{id}", _read("customer")),
    Endpoint("GET", "/v1/payment_methods/{id}", _read("payment_method")),
    Endpoint("GET", "/v1/disputes/{id}", _read("dispute")),
    Endpoint("GET", "/v1/subscriptions/{id}", _read("subscription")),
    Endpoint(
        "DELETE",
        "/v1/subscriptions/{id}",
        _cancel_subscription,
        frozenset({"invoice_now", "prorate"}),
        frozenset({"cancellation_details"}),
    ),
    Endpoint(
        "GET",
        "/v1/events",
        _list_events,
        _LIST_PARAMS | {"type"},
        frozenset({"types", "created"}),
    ),
    Endpoint("GET", "/v1/events/{id}", _read_event),
]
