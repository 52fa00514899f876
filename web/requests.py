"""Every request has an id: in its answer, in the log, in the audit."""

import logging
import re
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.logs import REQUEST_ID

_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,100}")
_log = logging.getLogger(__name__)


class RequestIds:
    """Takes the caller's `X-Request-Id` if it is one, and writes down what was refused, by its route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _GIVEN.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
                _write(scope, message["status"])
            await send(message)

        token = REQUEST_ID.set(request_id)
        try:
            await self._app(scope, receive, answer)
        finally:
            REQUEST_ID.reset(token)


def _write(scope: Scope, status: int) -> None:
    """By its route: the path itself has ids, and whatever a stranger asked for."""
    if status < 400:
        return
    route = getattr(scope.get("route"), "path", "no route")
    _log.log(logging.WARNING if status >= 500 else logging.INFO, "%s %s: %d", scope["method"], route, status)
