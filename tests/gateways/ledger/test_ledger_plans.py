"""Whatever the ledger reads it finds by an index, in the order in which it is wanted, on both databases."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from domain.case import ChargeOutcome
from domain.kinds.access import AccessWish
from domain.steps import Access
from gateways.ledger.database import open_database
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.messages import Address
from gateways.ports.rows import Cursor
from tests.gateways.ledger.builders import (
    FREE,
    NOW,
    a_contact,
    a_projection,
    an_attempt,
    an_entry,
    finish,
    reserve,
    rules,
)

# On tables that are nearly empty PostgreSQL would read all rows and sort them: with these it does so only if it must.
_IF_IT_MUST = ("SET enable_seqscan = off", "SET enable_bitmapscan = off", "SET enable_sort = off")
A_WISH = AccessWish(invoice_id="in_1", customer_id="cus_1", subscription_id="sub_1", access=Access.BLOCKED, as_of=NOW)
TO = Address(customer_id="cus_1", email="mia@example.com", phone="+14155550100")
_AFTER = Cursor(opened_at=NOW, invoice_id="in_1")

Use = Callable[[SqlLedger], object]


def statements_of(use: Use, ledger: SqlLedger) -> list[tuple[str, Any]]:
    """What is asked of the tables, with its values; inserts have no plan worth reading."""
    seen: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith(("SELECT", "UPDATE")) and " FROM pg_" not in statement and "advisory" not in statement:
            seen.append((statement, parameters))

    event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        use(ledger)
    finally:
        event.remove(sa.Engine, "before_cursor_execute", note)
    return seen


def plan_of(url: str, statement: str, parameters: Any) -> str:
    engine = open_database(url)
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        else:
            for setting in _IF_IT_MUST:
                connection.exec_driver_sql(setting)
            plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        lines = [str(row[-1]) for row in plan]
    engine.dispose()
    return "\n".join(lines)


def reads_all(plan: str) -> bool:
    """Whether a table is read from end to end, or rows are sorted after they were read."""
    without_index = [line for line in plan.splitlines() if line.startswith("SCAN ") and " INDEX " not in line]
    return bool(without_index) or any(sign in plan for sign in ("TEMP B-TREE", "Seq Scan", "Sort"))


def finish_one(ledger: SqlLedger) -> None:
    ledger.begin_attempt(an_attempt(), FREE)
    finish(ledger, an_attempt(), ChargeOutcome.PAID)


@pytest.mark.parametrize(
    "use",
    [
        lambda ledger: ledger.cases(),
        lambda ledger: ledger.cases(after=_AFTER),
        lambda ledger: ledger.cases("on_hold"),
        lambda ledger: ledger.cases("on_hold", after=_AFTER),
        lambda ledger: ledger.cases(customer_id="cus_1", after=_AFTER),
        lambda ledger: ledger.cases(segment="business", after=_AFTER),
        lambda ledger: ledger.cases("open", "cus_1", "business", after=_AFTER),
        lambda ledger: ledger.cases("closed", "cus_1", owed_again=True, after=_AFTER),
        lambda ledger: ledger.case("in_1"),
        lambda ledger: ledger.open_cases_of("cus_1"),
        lambda ledger: ledger.open_beside("in_1", "cus_1"),
        lambda ledger: ledger.case_states(None, 100),
        lambda ledger: ledger.case_states("in_1", 100),
        lambda ledger: ledger.states_decided_since(NOW, "in_1", 100),
        lambda ledger: ledger.decided("in_1", NOW, [], a_projection(), "{}"),
        lambda ledger: ledger.mark_open("in_1"),
        lambda ledger: ledger.attempts_of("in_1"),
        lambda ledger: ledger.begin_attempt(an_attempt(), FREE),
        lambda ledger: ledger.begin_attempt(an_attempt(fingerprint=None), FREE),
        finish_one,
        lambda ledger: ledger.contacts("in_1"),
        lambda ledger: [reserve(ledger, a_contact()) for _ in range(2)],
        lambda ledger: ledger.begin_contact(a_contact(), TO, rules()),
        lambda ledger: ledger.wish_access(A_WISH),
        lambda ledger: ledger.access_of("cus_1", "sub_1"),
        lambda ledger: ledger.access_of("cus_1", None),
        lambda ledger: ledger.address("cus_1"),
        lambda ledger: ledger.recipient("cus_1"),
        lambda ledger: ledger.closed_channels("cus_1"),
        lambda ledger: ledger.record("in_1"),
        lambda ledger: ledger.event_known("stripe", "evt_1"),
    ],
)
def test_nothing_is_read_from_end_to_end(ledger: SqlLedger, url: str, use: Use) -> None:
    """With a million attempts and a hundred thousand cases a call takes as long as with ten."""
    statements = statements_of(use, ledger)

    assert statements
    for statement, parameters in statements:
        plan = plan_of(url, statement, parameters)
        assert not reads_all(plan), f"{statement}\n{plan}"


def test_a_scan_is_noticed(ledger: SqlLedger, url: str) -> None:
    """The check of this file itself."""
    for statement in ("SELECT * FROM cases WHERE next_step = 'x'", "SELECT * FROM cases ORDER BY why"):
        assert reads_all(plan_of(url, statement, {})), statement


def test_a_card_without_fingerprint_is_looked_for_in_its_invoice(ledger: SqlLedger, url: str) -> None:
    """And not among all cards without fingerprint of the last month, of which there may be 300,000."""
    [(statement, parameters)] = statements_of(lambda it: it.begin_attempt(an_attempt(fingerprint=None), FREE), ledger)

    assert "ix_attempts_no_fingerprint" in plan_of(url, statement, parameters)


@pytest.mark.parametrize(
    ("use", "index"),
    [
        (lambda ledger: ledger.cases("closed", owed_again=True), "ix_cases_owed_again"),
        (lambda ledger: ledger.cases("closed", "cus_1", owed_again=True, after=_AFTER), "ix_cases_owed_again"),
        (lambda ledger: ledger.cases("closed", "cus_1", "any"), "ix_cases_customer_id_opened_at_invoice_id"),
        (lambda ledger: ledger.cases("closed", segment="any"), "ix_cases_segment_opened_at_invoice_id"),
    ],
)
def test_of_several_filters_the_one_with_fewest_cases_leads(ledger: SqlLedger, url: str, use: Use, index: str) -> None:
    """SQLite took the status: nearly all of a million cases are closed, and a page took seconds."""
    [(statement, parameters)] = statements_of(use, ledger)

    assert index in plan_of(url, statement, parameters)


@pytest.mark.parametrize(
    ("use", "count"),
    [
        (lambda ledger: ledger.decided("in_1", NOW, [an_entry("a"), an_entry("b")], a_projection(), "{}"), 2),
        (lambda ledger: ledger.begin_attempt(an_attempt(), FREE), 2),
        (lambda ledger: reserve(ledger, a_contact()), 2),
        (lambda ledger: ledger.recipient("cus_1"), 2),  # the address, then what is closed to it
        (lambda ledger: ledger.record_effect("in_1", an_entry()), 1),
    ],
)
def test_an_effect_takes_few_statements(ledger: SqlLedger, use: Use, count: int) -> None:
    """Beside PostgreSQL's lock of the card: each statement costs a worker's time, thousands of times a minute."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if "advisory" not in statement and statement != "SELECT 1":
            seen.append(statement)

    event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        use(ledger)
    finally:
        event.remove(sa.Engine, "before_cursor_execute", note)

    assert count == len(seen), seen
