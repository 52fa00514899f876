"""The customer's own door: the page behind the link of an e-mail, and a mail program's button to unsubscribe.

Opening the page changes nothing: scanners open every link. No cookie, no redirect (RFC 8058).
"""

from collections.abc import Awaitable
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from service.mailroom import NotGenuine, NotKept, Unreadable
from service.preferences import Preferences
from web.bodies import raw_body
from web.problems import Problem

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
    async def opened(token: str) -> Response:
        return await _answer(pages.page(token))

    @router.post("/{token}")
    async def chosen(token: str, request: Request) -> Response:
        return await _answer(pages.choose(token, await raw_body(request)))

    return router


async def _answer(page: Awaitable[str]) -> Response:
    try:
        return HTMLResponse(await page, headers=_HEADERS)
    except NotGenuine as error:
        raise Problem(HTTPStatus.NOT_FOUND, str(error)) from None
    except Unreadable as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
    except NotKept as error:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), retry_after=60) from None
