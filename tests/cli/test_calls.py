"""The queue of calls on the command line, from the ledger alone where nothing has to be asked of the provider."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from domain.calls import TaskState
from domain.rules.contacts import ContactCaps
from domain.steps import Stage
from domain.truth import MessageFacts
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.calls import CallTaskRow
from gateways.ports.messages import Address
from runtime.wiring import utc_now
from tests.cli.commands import said
from tests.gateways.ledger.builders import a_case, a_customer
from tests.new_ledger import new_ledger

CAPS = ContactCaps(per_week=9, distance=timedelta(0), policy="standard@1")
TO = Address(customer_id="cus_1", phone="+66812345678")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return new_ledger(tmp_path / "ledger.db")


@pytest.fixture
def ledger(url: str) -> Iterator[SqlLedger]:
    """With one call that anybody may take for three days."""
    now = utc_now()
    with closing(SqlLedger(url)) as books:
        books.open_case(a_case("in_1"), a_customer(customer_id="cus_1"), "{}")
        task = CallTaskRow(
            call_id="call_1",
            invoice_id="in_1",
            customer_id="cus_1",
            step="d05-call",
            state=TaskState.OPEN,
            as_of=now,
            call_from=now,
            until=now + timedelta(days=3),
            zones=("Asia/Bangkok",),
            windows=(),
            offers=(),
            said=MessageFacts(stage=Stage.REMINDER),
            why="call on day 5",
            address=TO.phone,
        )
        books.queue_call(task, TO, CAPS)
        yield books


def calls(url: str, *words: str) -> Result:
    return CliRunner().invoke(
        app, ["calls", *words], env={"DUNNING_DATABASE_URL": url, "TEMPORAL_ADDRESS": "127.0.0.1:1"}
    )


def test_what_waits_is_listed_for_people_and_for_programs(url: str, ledger: SqlLedger) -> None:
    plain, as_json = calls(url, "list", "--now"), calls(url, "list", "--json")
    line = json.loads(as_json.stdout)

    assert "call_1  in_1  now, until" in plain.stdout
    assert ("call_1", "open", True) == (line["call"], line["state"], line["now"])
    assert "There is no such call." in calls(url, "list", "--over").stdout
    assert ledger.call_task("call_1")


def test_a_call_that_was_not_made_is_given_back(url: str, ledger: SqlLedger) -> None:
    ledger.take_call("call_1", TO, CAPS, "Ana", utc_now())
    other, mine = calls(url, "give-back", "call_1", "--by", "Bo"), calls(url, "give-back", "call_1", "--by", "Ana")

    assert (1, 0) == (other.exit_code, mine.exit_code)
    assert "Bo has not taken call_1" in said(other)[1]
    assert "call_1 waits again." in mine.stdout


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("show", "call_9"), 1, "There is no call call_9"),
        (("take", "call_9", "--by", "Ana"), 1, "There is no call call_9"),
        (("take", "call_1", "--by", "Ana"), 2, "STRIPE_API_KEY"),
        (("list", "--after", "call_9"), 2, "There is no page after call_9"),
        (("list", "--limit", "0"), 2, "1 to 500"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    url: str, ledger: SqlLedger, words: tuple[str, ...], code: int, why: str
) -> None:
    answer = calls(url, *words)

    assert ledger
    assert code == answer.exit_code
    assert why in said(answer)[1]
