"""The customer's own door: the page behind the link of an e-mail, and a mail program's button to unsubscribe.

Opening the page changes nothing: scanners open every link. No cookie, no redirect (RFC 8058).
"""

from collections.abc import Awaitable
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from service.mailroom import NotGenuine, NotKept, Unreadable
from service.preferences import Preferences, Trouble
from web.bodies import raw_body

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
}


def preferences(pages: Preferences) -> APIRouter:
    router = APIRouter(prefix="/preferences", include_in_schema=False)

    @router.get("/{token}")
    async def opened(token: str, request: Request) -> Response:
        return await _answer(pages, pages.page(token), request)

    @router.post("/{token}")
    async def chosen(token: str, request: Request) -> Response:
        return await _answer(pages, pages.choose(token, await raw_body(request)), request)

    return router


async def _answer(pages: Preferences, page: Awaitable[str], request: Request) -> Response:
    """A customer reads it, whatever went wrong: never a problem in JSON."""
    try:
        return HTMLResponse(await page, headers=_HEADERS)
    except NotGenuine:
        trouble, status = Trouble.BROKEN, HTTPStatus.NOT_FOUND
    except Unreadable:
        trouble, status = Trouble.NOTHING, HTTPStatus.UNPROCESSABLE_ENTITY
    except NotKept:
        trouble, status = Trouble.LATER, HTTPStatus.SERVICE_UNAVAILABLE
    later = {"Retry-After": "60"} if trouble is Trouble.LATER else {}
    accepted = request.headers.get("accept-language", "")
    return HTMLResponse(pages.trouble(trouble, accepted), status, headers=_HEADERS | later)
