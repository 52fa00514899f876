"""Which keys each route takes, as one table: a route that has no row here fails, and so does one that takes others."""

from collections.abc import AsyncIterator, Iterable, Iterator
from http import HTTPStatus

import pytest_asyncio
from pydantic import SecretStr
from starlette.routing import BaseRoute, Route
from temporalio.client import Client

from gateways.ledger.sql_ledger import SqlLedger
from runtime.settings import Settings
from service.keys import Scope
from tests.web.conftest import Web, serving
from tests.web.test_api import NOBODY, bearer, ring
from web.api.route import SCOPES

PUBLIC = {
    "GET /healthz",
    "GET /p/{code}",
    "GET /preferences/{token}",
    "GET /terms",
    "GET /terms/{version}",
    "GET /v1/openapi.json",
    "POST /preferences/{token}",
    "POST /webhooks/{provider}",
}
"""Without a key: providers sign, a customer has a link, and the description is no secret."""
TAKES = {
    "GET /v1/audit": "auditor",
    "GET /v1/calls": "auditor operator",
    "GET /v1/calls/{call}": "operator",
    "GET /v1/cases": "auditor billing operator",
    "GET /v1/cases/{invoice}": "auditor billing operator",
    "GET /v1/cases/{invoice}/messages": "auditor operator",
    "GET /v1/cases/{invoice}/record": "auditor billing operator",
    "GET /v1/customers": "auditor operator",
    "GET /v1/customers/{customer}": "auditor operator",
    "GET /v1/customers/{customer}/acceptances": "auditor billing operator",
    "GET /v1/customers/{customer}/consents": "auditor billing operator",
    "GET /v1/customers/{customer}/data": "privacy",
    "GET /v1/customers/{customer}/protections": "auditor billing operator",
    "GET /v1/endpoints": "auditor operator",
    "GET /v1/endpoints/{endpoint}": "auditor operator",
    "GET /v1/endpoints/{endpoint}/deliveries": "auditor operator",
    "GET /v1/exports/cases.{format}": "auditor",
    "GET /v1/exports/customers.{format}": "auditor",
    "GET /v1/exports/messages.{format}": "auditor",
    "GET /v1/exports/records.{format}": "auditor",
    "GET /v1/inbox": "auditor operator",
    "GET /v1/orders": "auditor operator",
    "GET /v1/orders/{bulk}": "auditor operator",
    "GET /v1/orders/{bulk}/cases": "auditor operator",
    "GET /v1/orders/{bulk}/cases.jsonl": "auditor operator",
    "GET /v1/terms": "auditor billing operator",
    "GET /v1/terms/{version}": "auditor billing operator",
    "DELETE /v1/customers/{customer}/protections/{protection}": "operator",
    "DELETE /v1/endpoints/{endpoint}": "",
    "PATCH /v1/customers/{customer}": "billing operator",
    "PATCH /v1/endpoints/{endpoint}": "",
    "POST /v1/calls/{call}/give-back": "operator",
    "POST /v1/calls/{call}/result": "operator",
    "POST /v1/calls/{call}/take": "operator",
    "POST /v1/cases": "billing",
    "POST /v1/cases/{invoice}/agency-reports": "billing operator",
    "POST /v1/cases/{invoice}/contact-reports": "billing operator",
    "POST /v1/cases/{invoice}/hand-off": "operator",
    "POST /v1/cases/{invoice}/pause": "operator",
    "POST /v1/cases/{invoice}/recall": "operator",
    "POST /v1/cases/{invoice}/resume": "operator",
    "POST /v1/cases/{invoice}/retry-now": "operator",
    "POST /v1/cases/{invoice}/settle": "operator",
    "POST /v1/cases/{invoice}/skip": "operator",
    "POST /v1/cases/{invoice}/write-off": "operator",
    "POST /v1/customers/{customer}/acceptances": "billing operator",
    "POST /v1/customers/{customer}/channels/{channel}/close": "operator",
    "POST /v1/customers/{customer}/channels/{channel}/open": "operator",
    "POST /v1/customers/{customer}/erasure": "privacy",
    "POST /v1/endpoints": "",
    "POST /v1/endpoints/{endpoint}/disable": "",
    "POST /v1/endpoints/{endpoint}/enable": "",
    "POST /v1/endpoints/{endpoint}/replay": "",
    "POST /v1/endpoints/{endpoint}/rotate": "",
    "POST /v1/endpoints/{endpoint}/test": "",
    "POST /v1/inbox/{event}/again": "operator",
    "POST /v1/orders": "operator",
    "POST /v1/orders/{bulk}/cancel": "operator",
    "POST /v1/orders/{bulk}/run": "operator",
    "PUT /v1/customers/{customer}/consents/{channel}": "billing operator",
    "PUT /v1/customers/{customer}/protections/{protection}": "billing operator",
}
"""Beside `admin`, which every one of them takes."""


@pytest_asyncio.fixture
async def web(web_settings: Settings, ledger: SqlLedger, client: Client) -> AsyncIterator[Web]:
    assert ledger
    assert client
    links = {"dunning_link_secrets": SecretStr("s" * 32), "web_public_url": "https://dunning.example.com"}
    async with serving(web_settings.model_copy(update=links)) as web:
        yield web


def routes(of: Iterable[BaseRoute]) -> Iterator[str]:
    """Every route of the application, also those that its description leaves out."""
    for one in of:
        if isinstance(one, Route):
            yield from (f"{method} {one.path}" for method in one.methods or () if method != "HEAD")
        else:
            yield from routes(one.original_router.routes)


async def test_every_route_has_a_row(web: Web) -> None:
    found, rows = {*routes(web.app.routes)}, PUBLIC | TAKES.keys()

    assert found - rows == set(), "say in PUBLIC or TAKES who may ask this"
    assert rows - found == set(), "no such route: remove its row"


async def test_every_route_says_which_keys_it_takes(web: Web) -> None:
    described = (await web.http.get("/v1/openapi.json")).json()["paths"]
    told = {
        f"{method.upper()} {path}": said.get(SCOPES)
        for path, each in described.items()
        for method, said in each.items()
    }

    assert told == {"POST /webhooks/{provider}": None} | {
        name: sorted(["admin", *scopes.split()]) for name, scopes in TAKES.items()
    }


async def test_every_route_takes_the_keys_of_its_row_and_no_other(web: Web, ledger: SqlLedger) -> None:
    """Every route of the API with every scope, with keys that are none, and without one."""
    tokens = {scope: ring(ledger).make(scope, scope) for scope in Scope}

    for name, scopes in TAKES.items():
        method, path = name.replace("{", "").replace("}", "").split()
        for scope, token in tokens.items():
            answer = await web.http.request(method, path, headers=bearer(token), content=b"")
            refused = answer.status_code == HTTPStatus.FORBIDDEN
            assert refused == (scope not in ("admin", *scopes.split())), (name, scope, answer.text)
            assert answer.status_code < 500, (name, answer.text)
        for headers in ({}, bearer(NOBODY), {"Authorization": f"Basic {tokens[Scope.ADMIN]}"}, bearer("x")):
            answer = await web.http.request(method, path, headers=headers, content=b"")
            assert HTTPStatus.UNAUTHORIZED == answer.status_code, (name, headers)
