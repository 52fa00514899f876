"""What holds for every request of the API: who asks, whether they may, how often, once, and on record."""

import hashlib
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import unquote_plus

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from service.audit import Register
from service.errors import Blame, explained
from service.keys import Caller, KeyRing, Scope
from service.requests import Busy
from service.threads import Threads
from web.bodies import json_body, raw_body
from web.limits import RateLimit
from web.problems import Problem, problem_response

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_OF_THE_ANSWER = frozenset({"cache-control", "content-type", "etag", "location"})
SCOPES = "x-scopes"
"""Where a route says, for people and programs, which keys it takes."""
ON_RECORD: dict[str, Any] = {"x-on-record": True}
"""What a route says of itself that reads, and whose reading is in the audit too."""
_BUSY, _AWAY = 1, 5
"""Seconds after which the same request may be answered."""
_STATUS = {
    Blame.REFUSED: HTTPStatus.CONFLICT,
    Blame.OVERTAKEN: HTTPStatus.PRECONDITION_FAILED,
    Blame.UNKNOWN: HTTPStatus.NOT_FOUND,
    Blame.REQUEST: HTTPStatus.UNPROCESSABLE_ENTITY,
    Blame.INSTALLATION: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Gate(Protocol):
    """What a route asks before it works."""

    keys: KeyRing
    register: Register
    limit: RateLimit
    threads: Threads


def takes(*scopes: Scope) -> dict[str, Any]:
    """The keys that a route takes, beside `admin`."""
    return {SCOPES: sorted({*scopes, Scope.ADMIN})}


def caller_of(request: Request) -> Caller:
    """Who asks; the route has made sure."""
    caller = request.state.caller
    assert isinstance(caller, Caller)  # noqa: S101 - set by the route
    return caller


def once_of(request: Request) -> str | None:
    """A name for what is asked for with an `Idempotency-Key`, the same each time it is asked: also when nobody knows
    what became of it before."""
    token = request.headers.get("idempotency-key")
    if token is None:
        return None
    asked = f"{caller_of(request).key_id} {token} {request.url.path}\n".encode() + request._body
    return hashlib.sha256(asked).hexdigest()


class ApiRoute(APIRoute):
    """A route behind a key."""

    def get_route_handler(self) -> Handler:
        work = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await self._gated(request, work)
            except Exception as error:
                response = _refusal(error)
            await self._written(request, response)
            return response

        return handle

    async def _gated(self, request: Request, work: Handler) -> Response:
        gate: Gate = request.app.state.gate
        caller = await _caller(gate, request)
        request.state.caller = caller
        if request.method != "GET" or ON_RECORD.items() <= (self.openapi_extra or {}).items():
            # Before anything is done: what is ordered and cut off is on record as well.
            asked = (caller, request.state.request_id, request.method, request.url.path)
            request.state.asked = await gate.threads.run(gate.register.asked, *asked)
        if wait := gate.limit.wait(caller.key_id):
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests with this key.", int(wait) + 1)
        scopes = (self.openapi_extra or {})[SCOPES]
        if caller.scope not in scopes:
            raise Problem(
                HTTPStatus.FORBIDDEN, f"This key's scope is {caller.scope}: one of {', '.join(scopes)} is needed."
            )
        if "\0" in unquote_plus(f"{request.url.path}?{request.url.query}"):
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "A path or a query has no NUL in it.")
        if request.method == "GET":
            return await work(request)
        request._body = await raw_body(request)  # what has been read is there for the work as well
        if self.body_field and request._body:
            request._json = json_body(request._body, request.headers.get("content-type", ""))
        token = request.headers.get("idempotency-key")
        return await (self._once(gate, caller, token, request, work) if token is not None else work(request))

    async def _once(self, gate: Gate, caller: Caller, token: str, request: Request, work: Handler) -> Response:
        asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + request._body
        standing = await gate.threads.run(gate.register.begin, caller, token, asked)
        if standing:
            return Response(standing.body, standing.status, {**standing.headers, "Idempotency-Replayed": "true"})
        try:
            response = await work(request)
        except Exception as error:
            response = _refusal(error)
        said = (response.status_code, _text(response), _kept(response))
        await gate.threads.run(gate.register.finish, caller, token, *said)
        return response

    async def _written(self, request: Request, response: Response) -> None:
        number = getattr(request.state, "asked", None)
        if number is not None:
            gate: Gate = request.app.state.gate
            await gate.threads.run(gate.register.answered, number, response.status_code)


async def _caller(gate: Gate, request: Request) -> Caller:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    caller = await gate.threads.run(gate.keys.caller, token.strip()) if scheme.lower() == "bearer" else None
    if caller is None:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "Send Authorization: Bearer with a key that is not over: python starter.py keys makes one.",
        )
    return caller


def _text(response: Response) -> str:
    return bytes(response.body).decode()


def _kept(response: Response) -> dict[str, str]:
    """What is told again with the body: the others are about one delivery of it."""
    return {name: value for name, value in response.headers.items() if name in _OF_THE_ANSWER}


def _refusal(error: Exception) -> Response:
    """What went wrong as a problem; a mistake of ours goes on as one."""
    if isinstance(error, Problem):
        return problem_response(error)
    if isinstance(error, RequestValidationError):
        return problem_response(Problem(HTTPStatus.UNPROCESSABLE_ENTITY, _sentence(error)))
    if known := explained(error):
        retry = _BUSY if isinstance(error, Busy) else _AWAY if known.blame is Blame.INSTALLATION else None
        return problem_response(Problem(_STATUS[known.blame], known.sentence, retry))
    raise error


def _sentence(error: RequestValidationError) -> str:
    """Where in the request, and what is wrong there; never what was given."""
    found = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
    return "; ".join(found[:5]) + "."
