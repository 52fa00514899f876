"""The doors for machines: one FastAPI application. It verifies, keeps and calls `service/`; no rule lives here."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from fastapi import FastAPI, Response
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException

from service.audit import Register
from service.bulk import BulkDesk
from service.calls import Calls
from service.consents import Consents
from service.endpoints import Endpoints, Trial
from service.exports import Exports
from service.keys import KeyRing
from service.mailroom import Mailroom
from service.office import Office
from service.persons import Persons
from service.preferences import Preferences
from service.protections import Protections
from service.short_links import ShortPages
from service.terms import TermsDesk
from service.terms_pages import TermsPages
from service.threads import Threads
from service.voice_door import VoiceDoor
from service.ways import Ways
from web.api.bulk import bulk_orders
from web.api.calls import calls
from web.api.cases import cases
from web.api.customers import customers
from web.api.endpoints import endpoints
from web.api.exports import exports
from web.api.orders import channels, orders
from web.api.persons import persons
from web.api.protections import protections
from web.api.records import records
from web.api.terms import acceptances, terms
from web.described import DescribedApi, operation_id
from web.limits import RateLimit
from web.preferences import preferences
from web.problems import Problem, answer, mistake, no_route
from web.requests import RequestIds
from web.short_links import short_links
from web.terms import terms_pages
from web.voice import voice
from web.webhooks import webhooks

DESCRIPTION = """Opens dunning cases, tells them facts, gives them orders, and reads what they did.

`docs/api.md` has what holds for every request: keys, `Idempotency-Key`, `If-Match`, problems, limits and pages.
"""


# FastAPI's own would export by variables of the environment, whole exceptions with it (runtime/tracing.py has ours).
_NO_TELEMETRY = TelemetryConfig(auto_configure=False, tracing=False, metrics=False, logs=False)


class Doors(Protocol):
    """What the application stands on."""

    @property
    def mailroom(self) -> Mailroom: ...
    @property
    def office(self) -> Office: ...
    @property
    def keys(self) -> KeyRing: ...
    @property
    def register(self) -> Register: ...
    @property
    def bulk(self) -> BulkDesk: ...
    @property
    def threads(self) -> Threads: ...
    @property
    def preferences(self) -> Preferences | None: ...
    @property
    def short_pages(self) -> ShortPages | None: ...
    @property
    def consents(self) -> Consents: ...
    @property
    def protections(self) -> Protections: ...
    @property
    def persons(self) -> Persons: ...
    @property
    def calls(self) -> Calls: ...
    @property
    def voice(self) -> VoiceDoor | None: ...
    @property
    def ways(self) -> Ways: ...
    @property
    def terms(self) -> TermsDesk: ...
    @property
    def terms_pages(self) -> TermsPages: ...
    @property
    def endpoints(self) -> Endpoints: ...
    @property
    def trial(self) -> Trial: ...
    @property
    def exports(self) -> Exports: ...


@dataclass
class _Gate:
    """What the routes of the API ask before they work."""

    keys: KeyRing
    register: Register
    threads: Threads
    limit: RateLimit = field(default_factory=RateLimit)


def application(doors: Doors) -> FastAPI:
    app = DescribedApi(
        title="Dunning",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        generate_unique_id_function=operation_id,
        telemetry=_NO_TELEMETRY,
    )
    app.state.gate = _Gate(doors.keys, doors.register, doors.threads)
    app.add_exception_handler(Problem, answer)
    app.add_exception_handler(HTTPException, no_route)
    app.add_exception_handler(Exception, mistake)
    app.add_middleware(RequestIds)
    app.include_router(webhooks(doors.mailroom))
    if doors.preferences:
        app.include_router(preferences(doors.preferences))
    if doors.short_pages:
        app.include_router(short_links(doors.short_pages))
    if doors.voice:
        app.include_router(voice(doors.voice))
    app.include_router(terms_pages(doors.terms_pages))
    app.include_router(cases(doors.office))
    app.include_router(orders(doors.office))
    app.include_router(channels(doors.office))
    app.include_router(bulk_orders(doors.bulk, doors.threads))
    app.include_router(customers(doors.office, doors.consents, doors.ways))
    app.include_router(protections(doors.protections))
    app.include_router(persons(doors.persons, doors.threads))
    app.include_router(calls(doors.calls, doors.office, doors.threads))
    app.include_router(acceptances(doors.terms))
    app.include_router(terms(doors.terms))
    app.include_router(endpoints(doors.endpoints, doors.trial, doors.threads))
    app.include_router(exports(doors.exports))
    app.include_router(records(doors.office, doors.register, doors.threads))

    @app.get("/healthz", include_in_schema=False)
    async def health() -> Response:
        keeps = await doors.mailroom.answers()
        return Response(status_code=HTTPStatus.NO_CONTENT if keeps else HTTPStatus.SERVICE_UNAVAILABLE)

    return app
