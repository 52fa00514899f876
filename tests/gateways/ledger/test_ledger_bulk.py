"""The book of bulk orders: each case once, and nothing that was cancelled."""

from datetime import UTC, datetime, timedelta

import pytest

from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.access import CUT_OFF, Asked
from gateways.ports.bulk import Became, Bulk, BulkLine, BulkState, Chosen, LineState
from tests.gateways.ledger.test_ledger_plans import Use, plan_of, reads_all, statements_of

NOW = datetime(2030, 4, 1, tzinfo=UTC)


def a_bulk(bulk_id: str = "bulk_1", **fields: object) -> Bulk:
    given: dict[str, object] = {"name": "pause", "body": {"note": "storm"}, "chosen": None, "dry_run": True}
    given |= {"key_id": "k1", "by": "Olga", "made_at": NOW, "selected": True}
    return Bulk.model_validate({"bulk_id": bulk_id, **given, **fields})


def asked(path: str = "/v1/cases/in_1/pause") -> Asked:
    return Asked(at=NOW, request_id="bulk_1", key_id="k1", name="Olga", method="POST", path=path)


def looked(ledger: SqlLedger, number: int, state: LineState = LineState.READY) -> None:
    [line] = ledger.bulk_lines("bulk_1", (), number - 1, 1)
    ledger.looked_at("bulk_1", [line.model_copy(update={"state": state, "version": "v", "then": "waits"})])


def states(ledger: SqlLedger) -> list[LineState]:
    return [line.state for line in ledger.bulk_lines("bulk_1", (), 0, 100)]


def test_a_case_stands_once_however_often_it_was_named(ledger: SqlLedger) -> None:
    bulk = a_bulk(chosen=Chosen(status="open"), selected=False)
    ledger.make_bulk(bulk, [])
    ledger.choose("bulk_1", ["in_1", "in_2", "in_1"], "further")
    ledger.choose("bulk_1", ["in_2", "in_3"], None)

    found = ledger.bulk_lines("bulk_1", (), 0, 100)
    assert ["in_1", "in_2", "in_3"] == [line.invoice_id for line in found]
    assert sorted({line.number for line in found}) == [line.number for line in found]
    assert bulk.model_copy(update={"selected": True}) == ledger.bulk("bulk_1")
    assert {LineState.NEW: 3} == ledger.tally("bulk_1")


def test_a_case_is_begun_with_one_row_of_the_audit_however_often_it_is_tried(ledger: SqlLedger) -> None:
    ledger.make_bulk(a_bulk(), ["in_1", "in_2"])
    looked(ledger, 1)
    looked(ledger, 2, LineState.REFUSED)

    begun = [ledger.begin_line("bulk_1", number, asked()) for number in (1, 1, 2)]
    before = ledger.audit()
    for state in (LineState.DONE, LineState.REFUSED):
        ledger.end_line("bulk_1", 1, Became(state, 200 if state is LineState.DONE else 409, then="on hold"))
    after = ledger.audit()

    assert [True, True, False] == begun
    assert [[CUT_OFF], [200]] == [[row.status for _, row in rows] for rows in (before, after)]
    assert [LineState.DONE, LineState.REFUSED] == states(ledger)
    assert [] == ledger.lines_to_order("bulk_1", 10)


def test_one_that_was_tried_comes_after_those_that_were_not(ledger: SqlLedger) -> None:
    ledger.make_bulk(a_bulk(), ["in_1", "in_2", "in_3"])
    for number in (1, 2, 3):
        looked(ledger, number)
    ledger.begin_line("bulk_1", 1, asked())

    assert [2, 3, 1] == [line.number for line in ledger.lines_to_order("bulk_1", 10)]
    assert [NOW, None] == [line.asked_at for line in ledger.bulk_lines("bulk_1", (), 0, 2)]


def test_what_is_cancelled_orders_only_what_was_begun(ledger: SqlLedger) -> None:
    ledger.make_bulk(a_bulk(), ["in_1", "in_2"])
    looked(ledger, 1)
    assert ledger.move("bulk_1", BulkState.LOOKING, BulkState.ORDERING, NOW)
    ledger.begin_line("bulk_1", 1, asked())

    assert ledger.cancel("bulk_1", NOW, "cancelled by Olga")
    assert not ledger.cancel("bulk_1", NOW, "again")
    assert [LineState.ASKED, LineState.LEFT] == states(ledger)
    assert not ledger.begin_line("bulk_1", 2, asked())
    ledger.looked_at("bulk_1", [BulkLine(number=2, invoice_id="in_2", state=LineState.READY)])
    ledger.end_line("bulk_1", 1, Became(LineState.DONE, 200))
    ledger.move("bulk_1", BulkState.ORDERING, BulkState.DONE, NOW)

    ended = ledger.bulk("bulk_1")
    assert ended
    assert (BulkState.CANCELLED, NOW, "cancelled by Olga") == (ended.state, ended.ended_at, ended.note)
    assert [LineState.DONE, LineState.LEFT] == states(ledger)


def test_a_dry_run_that_is_cancelled_is_over_at_once(ledger: SqlLedger) -> None:
    ledger.make_bulk(a_bulk(), ["in_1"])

    assert ledger.cancel("bulk_1", NOW, "")
    assert [] == ledger.bulks_to_work_on()
    assert not ledger.move("bulk_1", BulkState.SHOWN, BulkState.ORDERING, NOW)


def test_bulk_orders_come_newest_first_and_are_forgotten_when_they_are_over(ledger: SqlLedger) -> None:
    for number in (1, 2, 3):
        ledger.make_bulk(a_bulk(f"bulk_{number}"), ["in_1"])
    ledger.cancel("bulk_2", NOW, "")

    assert ["bulk_3", "bulk_2"] == [bulk.bulk_id for bulk in ledger.bulks(None, 2)]
    assert ["bulk_1"] == [bulk.bulk_id for bulk in ledger.bulks("bulk_2", 2)]
    ledger.forget_bulks(NOW + timedelta(days=1))
    assert ["bulk_3", "bulk_1"] == [bulk.bulk_id for bulk in ledger.bulks(None, 9)]
    assert {} == ledger.tally("bulk_2")


@pytest.mark.parametrize(
    "use",
    [
        lambda ledger: ledger.bulk("bulk_1"),
        lambda ledger: ledger.bulks("bulk_1", 10),
        lambda ledger: ledger.bulks_to_work_on(),
        lambda ledger: ledger.bulk_lines("bulk_1", [LineState.DONE], 10, 10),
        lambda ledger: ledger.lines_to_look_at("bulk_1", 10),
        lambda ledger: ledger.lines_to_order("bulk_1", 10),
        lambda ledger: ledger.begin_line("bulk_1", 1, asked()),
        lambda ledger: ledger.end_line("bulk_1", 1, Became(LineState.DONE, 200)),
        lambda ledger: ledger.tally("bulk_1"),
    ],
)
def test_no_line_is_read_that_is_not_wanted(ledger: SqlLedger, url: str, use: Use) -> None:
    """With fifty thousand cases the next ones come as soon as with ten."""
    statements = statements_of(use, ledger)

    assert statements
    for statement, parameters in statements:
        plan = plan_of(url, statement, parameters)
        assert not reads_all(plan), f"{statement}\n{plan}"
