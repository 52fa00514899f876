"""What came in by webhook, in the terminal: from the ledger alone."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.inbox import Arrival
from tests.new_ledger import new_ledger

AT = datetime(2026, 11, 1, 8, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return new_ledger(tmp_path / "ledger.db")


@pytest.fixture
def books(url: str) -> Iterator[SqlLedger]:
    """Three events: one taken, one that waits, one refused."""
    with closing(SqlLedger(url)) as ledger:
        for number in (1, 2, 3):
            body = '{"email": "ada@customers.example"}'
            ledger.keep([Arrival(provider="stripe", event_id=f"evt_{number}", kind="invoice.paid", body=body)], AT)
        ledger.ended(1, "done", "passed on", "", "in_1", AT)
        ledger.failed(2, "Stripe answered 500.", AT)
        ledger.ended(3, "refused", "malformed", "The event has no 'data'.", None, AT)
        yield ledger


def asked(url: str, *words: str) -> Result:
    return CliRunner().invoke(app, ["inbox", *words], env={"DUNNING_DATABASE_URL": url})


def test_each_event_is_a_line_without_its_text(books: SqlLedger, url: str) -> None:
    assert books
    lines = asked(url).stdout.splitlines()

    assert 3 == len(lines)
    assert "invoice.paid of in_1 (evt_1)  passed on" in lines[0]
    assert "1 tries failed: Stripe answered 500." in lines[1]
    assert "malformed: The event has no 'data'." in lines[2]
    assert "customers.example" not in asked(url, "--json").stdout


def test_the_dead_letters_and_the_waiting_can_be_asked_for_alone(books: SqlLedger, url: str) -> None:
    assert books
    refused, waiting = asked(url, "--refused", "--json"), asked(url, "--waiting", "--json")

    assert ["evt_3"] == [json.loads(line)["event_id"] for line in refused.stdout.splitlines()]
    assert ["evt_2"] == [json.loads(line)["event_id"] for line in waiting.stdout.splitlines()]


def test_a_long_inbox_comes_by_pages(books: SqlLedger, url: str) -> None:
    assert books
    first = asked(url, "--limit", "2")
    second = asked(url, "--limit", "2", "--after", "2")

    assert "There are more: python starter.py inbox --after 2" in first.stderr
    assert (1, "") == (len(second.stdout.splitlines()), second.stderr)


def test_a_refused_event_is_tried_again_and_a_taken_one_is_not(books: SqlLedger, url: str) -> None:
    again, taken = asked(url, "--again", "evt_3"), asked(url, "--again", "evt_1")

    assert (0, 1) == (again.exit_code, taken.exit_code)
    assert ["evt_2", "evt_3"] == [row.event_id for row in books.inbox("waiting")]
    assert "inbox --refused" in taken.stderr
