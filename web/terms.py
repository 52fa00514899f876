"""The terms as a page: those in force for a segment, and every version that there was. Opening it changes nothing that
anybody reads. No key: whoever signs up, or has agreed, may read them. No cookie."""

from collections.abc import Awaitable
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from service.mailroom import NotGenuine, NotKept
from service.terms_pages import TermsPages, Trouble

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}
_LONGEST = 1_000
"""Of what a browser or a link says of segment and languages."""


def terms_pages(pages: TermsPages) -> APIRouter:
    router = APIRouter(prefix="/terms", include_in_schema=False)

    @router.get("")
    async def in_force(request: Request) -> Response:
        segment = request.query_params.get("segment", "any")[:_LONGEST]
        return await _answer(pages, pages.in_force(segment, _languages(request)), request)

    @router.get("/{version}")
    async def version(version: str, request: Request) -> Response:
        return await _answer(pages, pages.version(version, _languages(request)), request)

    return router


def _languages(request: Request) -> str:
    """What was chosen on the page, before what the browser asks for."""
    chosen, accepted = request.query_params.get("language", ""), request.headers.get("accept-language", "")
    return f"{chosen},{accepted}"[:_LONGEST]


async def _answer(pages: TermsPages, page: Awaitable[str], request: Request) -> Response:
    """A customer reads it, whatever went wrong: never a problem in JSON."""
    try:
        return HTMLResponse(await page, headers=_HEADERS)
    except NotGenuine:
        trouble, status = Trouble.BROKEN, HTTPStatus.NOT_FOUND
    except NotKept:
        trouble, status = Trouble.LATER, HTTPStatus.SERVICE_UNAVAILABLE
    later = {"Retry-After": "60"} if trouble is Trouble.LATER else {}
    return HTMLResponse(pages.trouble(trouble, _languages(request)), status, headers=_HEADERS | later)
