"""Where providers tell us what happened: verified, kept, answered; read and handed on afterwards."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from service.mailroom import Mailroom, NotGenuine, NotKept, Unreadable
from web.bodies import raw_body
from web.problems import Problem

_REFUSALS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_TAKEN = {"line": HTTPStatus.OK}
"""LINE's *Verify* asks for 200 itself (Verify webhook URL, read 2026-11-27); others take 204."""


def webhooks(mailroom: Mailroom) -> APIRouter:
    """One route for every provider whose webhook is set up."""
    router = APIRouter(prefix="/webhooks", tags=["webhooks"])

    @router.post(
        "/{provider}",
        status_code=HTTPStatus.NO_CONTENT,
        summary="An event of a provider, signed by it",
        responses={HTTPStatus.OK: {"description": "Taken from LINE"}, **{status: {} for status in _REFUSALS}},
    )
    async def arrives(provider: str, request: Request) -> Response:
        if provider not in mailroom.providers:
            raise Problem(HTTPStatus.NOT_FOUND, "No webhook of that name is set up here (docs/connect.md).")
        try:
            await mailroom.take(provider, await raw_body(request), request.headers, target(request))
        except NotGenuine as error:
            raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from None
        except Unreadable as error:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
        except NotKept as error:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), retry_after=5) from None
        return Response(status_code=_TAKEN.get(provider, HTTPStatus.NO_CONTENT))

    return router


def target(request: Request) -> str:
    """Path and query as they came: a provider may have signed them."""
    query = request.scope["query_string"].decode("latin-1")
    return f"{request.scope['raw_path'].decode('latin-1')}{'?' if query else ''}{query}"
