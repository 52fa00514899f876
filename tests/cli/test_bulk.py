"""Bulk orders in the terminal."""

import json

import pytest

from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.bulk import BulkState
from tests.cli.commands import Starter, said
from tests.domain.builders import paused
from tests.service.test_bulk import NOW, standing


@pytest.fixture
def cases(ledger: SqlLedger) -> SqlLedger:
    """Two that are open, one of them paused."""
    standing(ledger, "in_1")
    standing(ledger, "in_2", "cus_2", told=lambda case: paused()(case, NOW))
    return ledger


def test_a_dry_run_says_what_would_become_of_each_case_and_orders_nothing(starter: Starter, cases: SqlLedger) -> None:
    """It needs no Temporal."""
    nowhere = {"TEMPORAL_ADDRESS": "127.0.0.1:1"}
    made = starter("bulk", "order", "pause", "--all", "--note", "storm", "--by", "Olga", "--json", env=nowhere)
    now = json.loads(made.stdout)
    of = now["bulk"]["bulk_id"]
    shown = starter("bulk", "show", of)
    lines = [json.loads(line) for line in starter("bulk", "show", of, "--json").stdout.splitlines()]
    ready = starter("bulk", "show", of, "--state", "ready", "--json")
    listed = starter("bulk", "list")

    assert (0, "shown", {"ready": 1, "refused": 1}) == (made.exit_code, now["bulk"]["state"], now["cases"])
    assert f"{of}: python starter.py bulk show tells how far it is." == made.stderr.strip()
    assert ["in_1", "in_2"] == [line["invoice_id"] for line in lines]
    assert "in_1" in ready.stdout
    assert "in_2" not in ready.stdout
    assert f"{of}  pause by Olga, shown: 1 ready, 1 refused" == listed.stdout.strip() == shown.stdout.splitlines()[0]
    assert [] == cases.audit()


def test_what_was_looked_at_is_told_with_the_next_command(starter: Starter, cases: SqlLedger) -> None:
    assert cases
    made = starter("bulk", "order", "settle", "--invoices", "-", "--amount", "15.00 USD", stdin="in_1\n\n in_2\n")

    summary, each, order = made.stdout.strip().splitlines()
    of = summary.split()[0]
    assert f"{of}  settle by operator, shown: 2 ready" == summary
    assert (f"Each case: python starter.py bulk show {of}", True) == (each, order.endswith(f"bulk run {of}"))


def test_one_that_is_cancelled_is_not_run(starter: Starter, cases: SqlLedger) -> None:
    made = starter("bulk", "order", "pause", "--status", "open", "--json")
    of = json.loads(made.stdout)["bulk"]["bulk_id"]

    cancelled = starter("bulk", "cancel", of, "--by", "Olga")
    ran = starter("bulk", "run", of)

    assert f"{of}  pause by operator, cancelled: 1 left (cancelled by Olga)" == cancelled.stdout.strip()
    assert (1, "It was cancelled: make a new one.") == said(ran)
    bulk = cases.bulk(of)
    assert bulk
    assert BulkState.CANCELLED is bulk.state


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["pause"], "Say which cases are meant"),
        (["pause", "--all", "--status", "open"], "Say which cases are meant"),
        (["paws", "--all"], "There is no order paws for many cases: use one of pause, "),
        (["settle", "--all"], "amount: the key is missing"),
        (["settle", "--all", "--amount", "much"], "is not an amount"),
        (["pause", "--all", "--until", "soon"], "soon is not a date"),
        (["pause", "--invoices", "/nowhere"], "cannot be read"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(starter: Starter, cases: SqlLedger, words: list[str], says: str) -> None:
    refused = starter("bulk", "order", *words)

    code, sentence = said(refused)
    assert (2, True, 1) == (code, says in sentence, len(sentence.splitlines())), sentence
    assert [] == cases.bulks(None, 1)


def test_an_unknown_one_is_named(starter: Starter, cases: SqlLedger) -> None:
    assert cases
    for words in (["show"], ["run"], ["cancel"]):
        code, sentence = said(starter("bulk", *words, "bulk_0"))
        assert (1, True) == (code, "bulk list shows the ones there are" in sentence)
