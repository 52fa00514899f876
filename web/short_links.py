"""The short link of a text message: it leads on to the payment page. Opening it changes nothing."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from service.mailroom import NotGenuine, NotKept
from service.preferences import Trouble
from service.short_links import ShortPages

_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


def short_links(pages: ShortPages) -> APIRouter:
    router = APIRouter(prefix="/p", include_in_schema=False)

    @router.get("/{code}")
    async def opened(code: str, request: Request) -> Response:
        try:
            return RedirectResponse(await pages.target(code), HTTPStatus.FOUND, headers=_HEADERS)
        except NotGenuine:
            trouble, status = Trouble.BROKEN, HTTPStatus.NOT_FOUND
        except NotKept:
            trouble, status = Trouble.LATER, HTTPStatus.SERVICE_UNAVAILABLE
        accepted = request.headers.get("accept-language", "")
        return HTMLResponse(pages.trouble(trouble, accepted), status, headers=_HEADERS)

    return router
