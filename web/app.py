"""The doors for machines: one FastAPI application. It verifies, keeps and calls `service/`; no rule lives here."""

from http import HTTPStatus
from typing import Protocol

from fastapi import FastAPI, Response

from service.mailroom import Mailroom
from web.problems import Problem, answer
from web.webhooks import webhooks


class Doors(Protocol):
    """What the application stands on."""

    @property
    def mailroom(self) -> Mailroom: ...


def application(doors: Doors) -> FastAPI:
    app = FastAPI(title="Dunning", version="1", docs_url=None, redoc_url=None, openapi_url="/v1/openapi.json")
    app.add_exception_handler(Problem, answer)
    app.include_router(webhooks(doors.mailroom))

    @app.get("/healthz", include_in_schema=False)
    async def health() -> Response:
        keeps = await doors.mailroom.answers()
        return Response(status_code=HTTPStatus.NO_CONTENT if keeps else HTTPStatus.SERVICE_UNAVAILABLE)

    return app
