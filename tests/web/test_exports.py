"""Exports by the API: whole, streamed, and safe to be opened in a spreadsheet."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from domain.record import Entry
from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.trouble import ProviderTrouble
from runtime.settings import Settings
from service.exports import PAGE
from service.keys import KeyRing, Scope
from tests.gateways.ledger.builders import DAY, NOW, a_case, a_contact, a_customer, an_entry, reserve
from tests.web.conftest import Web, serving

KINDS = ("cases", "records", "messages", "customers")


@pytest_asyncio.fixture
async def web(web_settings: Settings, ledger: SqlLedger) -> AsyncIterator[Web]:
    """Temporal is away."""
    assert ledger
    async with serving(web_settings.model_copy(update={"temporal_address": "127.0.0.1:1"})) as web:
        yield web


@pytest.fixture
def auditor(ledger: SqlLedger) -> dict[str, str]:
    return {"Authorization": f"Bearer {KeyRing(ledger, lambda: datetime.now(UTC)).make('Vera', Scope.AUDITOR)}"}


def a_life(ledger: SqlLedger, text: str = "Dear Ada") -> None:
    """One case with two entries, a day apart, and one message."""
    ledger.open_case(a_case(), a_customer(name="Ada", email="ada@example.com", country="US"), "{}", an_entry("opened"))
    ledger.record_effect("in_1", Entry(at=NOW + DAY, step="order", what="paused", why=text, rule="r@1"))
    reserve(ledger, a_contact(channel=Channel.EMAIL, subject=text, text=text, address="ada@example.com"))


async def lines(web: Web, key: dict[str, str], kind: str, **params: str) -> list[dict[str, Any]]:
    answer = await web.http.get(f"/v1/exports/{kind}.jsonl", params=params, headers=key)
    assert (200, "application/jsonl") == (answer.status_code, answer.headers["content-type"])
    return [json.loads(line) for line in answer.text.splitlines()]


async def table(web: Web, key: dict[str, str], kind: str) -> list[dict[str, str]]:
    answer = await web.http.get(f"/v1/exports/{kind}.csv", headers=key)
    assert f'attachment; filename="{kind}.csv"' == answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_table_has_what_the_lines_have(web: Web, ledger: SqlLedger, auditor: dict[str, str], kind: str) -> None:
    a_life(ledger)

    rows, said = await table(web, auditor, kind), await lines(web, auditor, kind)

    assert len(rows) == len(said) > 0
    for row, line in zip(rows, said, strict=True):
        assert set(line) - {"holds"} == set(row)
        assert all(
            row[name] == str(value) for name, value in line.items() if type(value) in (str, int) and "at" not in name
        )
        assert not [name for name, value in line.items() if value is None and row[name]]


async def test_exports_name_nobody_but_in_the_messages_themselves(
    web: Web, ledger: SqlLedger, auditor: dict[str, str]
) -> None:
    a_life(ledger, "Dear you")

    for kind in KINDS:
        whole = json.dumps([await lines(web, auditor, kind), await table(web, auditor, kind)])
        assert not [known for known in ("Ada", "ada@") if known in whole], kind


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"])
async def test_no_cell_is_a_formula_whatever_somebody_wrote(
    web: Web, ledger: SqlLedger, auditor: dict[str, str], sign: str
) -> None:
    """JSON Lines keep it as it is: no spreadsheet reads them."""
    text = f'{sign}HYPERLINK("https://evil.example","x"),"a"\n2'
    a_life(ledger, text)

    [message] = await table(web, auditor, "messages")
    [line] = await lines(web, auditor, "messages")
    entry = (await table(web, auditor, "records"))[-1]

    assert f"'{text}" == message["text"] == message["subject"] == entry["why"]
    assert text == line["text"]


async def test_only_what_happened_since_is_exported_where_that_is_asked(
    web: Web, ledger: SqlLedger, auditor: dict[str, str]
) -> None:
    a_life(ledger)
    since = (NOW + DAY).isoformat()

    assert ["paused"] == [line["what"] for line in await lines(web, auditor, "records", since=since)]
    assert [] == await lines(web, auditor, "messages", since=since)


async def test_an_export_goes_on_beyond_its_first_page(web: Web, ledger: SqlLedger, auditor: dict[str, str]) -> None:
    a_life(ledger)
    for number in range(PAGE):
        ledger.record_effect("in_1", Entry(at=NOW, step=f"s{number}", what="x", why=""))

    found = await lines(web, auditor, "records")

    assert PAGE + 2 == len(found) == len({line["number"] for line in found})


@pytest.mark.parametrize(
    ("path", "status"),
    [("cases.csv?status=lost", 422), ("cases.xls", 422), ("records.csv?since=now", 422), ("nothing.csv", 404)],
)
async def test_an_export_that_makes_no_sense_is_a_problem_and_no_table(
    web: Web, auditor: dict[str, str], path: str, status: int
) -> None:
    assert status == (await web.http.get(f"/v1/exports/{path}", headers=auditor)).status_code


@pytest.mark.parametrize("kind", KINDS)
async def test_a_ledger_that_does_not_answer_is_a_problem_and_no_empty_table(
    web: Web, auditor: dict[str, str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def away(*_: object, **__: object) -> None:
        raise ProviderTrouble("the ledger does not answer")

    with monkeypatch.context() as broken:
        for name in ("cases", "records_after", "messages_after", "customers"):
            broken.setattr(SqlLedger, name, away)
        answer = await web.http.get(f"/v1/exports/{kind}.csv", headers=auditor)

    assert (503, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
