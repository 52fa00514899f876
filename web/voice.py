"""Where Twilio asks what to say in a call that it makes for us."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response

from service.mailroom import NotGenuine
from service.requests import Unavailable, Unknown
from service.voice_door import VoiceDoor
from web.bodies import raw_body
from web.problems import Problem
from web.webhooks import target

CallId = Annotated[str, Path(max_length=100)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


def voice(door: VoiceDoor) -> APIRouter:
    router = APIRouter(prefix="/voice/{call}/{number}", include_in_schema=False)

    @router.post("/over")
    async def over(call: CallId, number: Number, request: Request) -> Response:
        try:
            await door.over(call, number, await raw_body(request), request.headers, target(request))
        except NotGenuine as error:
            raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from None
        except Unknown as error:
            raise Problem(HTTPStatus.NOT_FOUND, str(error)) from None
        except Unavailable as error:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), retry_after=5) from None
        return Response(status_code=HTTPStatus.NO_CONTENT)

    @router.post("/{stage}")
    async def says(
        call: CallId, number: Number, stage: Literal["answered", "who", "wish"], request: Request
    ) -> Response:
        try:
            twiml = await door.says(stage, call, number, await raw_body(request), request.headers, target(request))
        except NotGenuine as error:
            raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from None
        return Response(twiml, media_type="text/xml")

    return router
