"""Stripe's HTTP surface: authentication, idempotency keys and parameters, in front of the endpoints."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, unquote_plus

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.providers.exchange import Reply, answer, local_path, read_body, run
from sandbox.providers.faults import InnerFaults
from sandbox.providers.journal import Json
from sandbox.providers.stripe_endpoints import ENDPOINTS, Endpoint
from sandbox.providers.stripe_objects import API_VERSION
from sandbox.providers.stripe_store import Cause, StripeFailure, invalid_request
from sandbox.providers.stripe_world import StripeWorld

IDEMPOTENCY_LIFETIME = timedelta(hours=24)
_CAUSE_KEY = "sandbox.stripe.cause"
_NOT_PERMITTED = {
    "message": "The provided key 'rk_test_*****' does not have the required permissions for this endpoint on account "
    "'acct_1Sandbox'. Having the 'rak_…' permission would allow this request to continue.",
    "type": "invalid_request_error",
}
_UNKNOWN_ERROR = {"message": "An unknown error occurred.", "type": "api_error"}


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
        forbidden = self.world.forbidden
        if forbidden and forbidden.search(f"{scope['method']} {local_path(scope)}?{_query(scope)}"):
            return _json_reply(403, _NOT_PERMITTED).with_headers(**standard)
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


def _query(scope: Scope) -> str:
    return unquote_plus(scope["query_string"].decode())


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
        "calls that dunning makes: add the endpoint to sandbox/providers/stripe_endpoints.py.",
        status=404,
    )
    return JSONResponse({"error": failure.body}, failure.status)


def _require_account(world: StripeWorld, named: list[str | None], account: str | None) -> None:
    """An object of another account of the platform does not exist for this request."""
    for id_ in named:
        found = world.store.objects.get(id_) if id_ else None
        if found is not None and world.store.account_of(found) != account:
            raise invalid_request(f"No such {found['object']}: '{id_}'", status=404, code="resource_missing")


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
            if world.is_broken(f"{request.method} {local_path(request.scope)}"):
                return JSONResponse({"error": _UNKNOWN_ERROR}, 500)
            with world.journal.lock:
                named = [*request.path_params.values(), params.get("customer"), params.get("invoice")]
                _require_account(world, named, request.headers.get("stripe-account"))
                found = endpoint.handler(world, cause, request.path_params, params)
                return JSONResponse(world.store.view(found, expand))
        except StripeFailure as failure:
            return JSONResponse({"error": failure.body}, failure.status)
        finally:
            world.webhooks.deliver()

    return call
