"""docs/api.md and docs/openapi.json are those of this release, and every example on the page works."""

import copy
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import jsonschema
import pytest
import pytest_asyncio
from temporalio.client import Client

from runtime.settings import ROOT
from sandbox.machine.temporal_server import TemporalServer
from sandbox.play.stage import staged
from tests.apidoc.exchanges import Exchange, differs, exchanges
from tests.apidoc.page import DESCRIPTION, PAGE, Json, NoExample, as_file, described, example_of, page, success
from tests.apidoc.scenes import SCENES, Stand, a_case
from tests.web.conftest import serving
from web.api.route import SCOPES

ANEW = "it is not current: python -m tests.apidoc"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def description() -> Json:
    return described()


def test_the_description_is_current(description: Json) -> None:
    assert as_file(description) == DESCRIPTION.read_text(encoding="utf-8"), ANEW


def test_the_page_is_current(description: Json) -> None:
    assert page(description) == TEXT, ANEW


def test_a_route_without_an_example_is_named(description: Json) -> None:
    bare = copy.deepcopy(description)
    del bare["components"]["schemas"]["PauseOrder"]["examples"]

    with pytest.raises(NoExample, match=r"POST /v1/cases/\{invoice\}/pause: give the shape of its body an example"):
        page(bare)


def test_every_example_is_one_that_can_be_run() -> None:
    assert len(re.findall(r"^curl ", TEXT, re.MULTILINE)) == len([*exchanges(TEXT)])


def test_every_route_with_a_key_has_an_example(description: Json) -> None:
    keyed = {
        operation["operationId"]
        for methods in description["paths"].values()
        for operation in methods.values()
        if SCOPES in operation
    }

    assert keyed == {operation_of(description, one)["operationId"] for one in exchanges(TEXT)}


def operation_of(description: Json, exchange: Exchange) -> Json:
    path = exchange.target.partition("?")[0]
    for template, methods in description["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template.replace(".", r"\.")), path) and (
            found := methods.get(exchange.method.lower())
        ):
            operation: Json = found
            return operation
    raise AssertionError(f"{exchange.method} {path}: there is no such route")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stand(
    temporal: TemporalServer, client: Client, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stand]:
    assert client.namespace == temporal.namespace
    folder = tmp_path_factory.mktemp("page")
    given = {"dunning_outbox_private": True, "call_back_number": "+12125550100"}
    async with staged(temporal.address, folder, **given) as stage, serving(stage.settings) as web:
        yield Stand(stage, web.http)


@pytest.mark.parametrize("exchange", [*exchanges(TEXT)], ids=lambda one: f"{one.method} {one.target} {one.status}")
async def test_an_example_is_answered_as_the_page_says(stand: Stand, description: Json, exchange: Exchange) -> None:
    """After its scene, with a key of the narrowest scope that may ask it."""
    operation = operation_of(description, exchange)
    scene = exchange.said.get("scene", operation["operationId"])
    names = await SCENES.get(scene, a_case)(stand)
    scope = exchange.said.get("scope", operation[SCOPES][-1])
    names.setdefault("$DUNNING_KEY", stand.key(scope))

    answer = await sent(stand.http, exchange, names)

    assert exchange.status == answer.status_code, answer.text
    for name, value in exchange.answer_headers.items():
        assert name in answer.headers
        assert re.search(r"\d", value) or answer.headers[name] == value, name
    if answer.headers.get("content-type", "").endswith("json"):
        assert [] == [*differences(description, operation, exchange, answer)]
    elif exchange.answer:
        assert columns(exchange.answer) == columns(answer.text)


def columns(lines: str) -> list[str]:
    """The names in the first line of a table, or of JSON Lines."""
    first = lines.splitlines()[0]
    return [*json.loads(first)] if first.startswith("{") else first.split(",")


async def sent(http: httpx.AsyncClient, exchange: Exchange, names: dict[str, str]) -> httpx.Response:
    def here(text: str) -> str:
        for name, real in {**names, "$(uuidgen)": uuid4().hex}.items():
            text = text.replace(name, real)
        return text

    return await http.request(
        exchange.method,
        here(exchange.target),
        headers={name: here(value) for name, value in exchange.headers.items()},
        content=None if exchange.body is None else here(exchange.body),
    )


def differences(description: Json, operation: Json, exchange: Exchange, answer: httpx.Response) -> list[str]:
    """The answer and the example have both the form that the description has, and one shape."""
    status, done = success(operation)
    if answer.status_code == status:
        media = done["content"]["application/json"]
        example = json_of(exchange.answer) if exchange.answer else example_of(description, media)
    else:
        media = {"schema": {"$ref": "#/components/schemas/Problem"}}
        example = json_of(exchange.answer) if exchange.answer else answer.json()
    for told in (example, answer.json()):
        jsonschema.validate(told, {**media["schema"], "components": description["components"]})
    return [*differs(description, media["schema"], example, answer.json())]


def json_of(text: str) -> object:
    return httpx.Response(200, text=text).json()


def test_the_pages_are_pointed_to() -> None:
    for name in ("README.md", "docs/architecture.md"):
        assert "api.md" in Path(ROOT / name).read_text(encoding="utf-8"), name
