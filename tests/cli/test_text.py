"""Cases as text: what an operator copies into the next command is never cut."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from cli.table import case_table
from domain.case import HoldReason
from service.cases import Listed


def a_case(due: str, status: str = "with_agency", outcome: str | None = None, *holds: HoldReason) -> Listed:
    return Listed(
        invoice_id="in_1MtHbELkdIwHu7ixl4OzzPMv",
        customer_id="cus_NeZwdNtLEOXuvB",
        status=status,
        outcome=outcome,
        due=due,
        decline="invoice_payment_intent_requires_action",
        policy="business-customers-of-the-north@12",
        opened_at=datetime(2026, 11, 20, 8, tzinfo=UTC),
        next_step_at=datetime(2026, 11, 23, 9, 5, tzinfo=UTC),
        next_step=None,
        holds=holds,
        hold=None,
        why="",
    )


@pytest.mark.parametrize("due", ["12345.67 THB", "1234567890.00 THB", "999999999999999.99 IDR"])
@pytest.mark.parametrize("width", [80, 100, 120, 160, 200])
def test_the_list_fits_every_terminal(width: int, due: str) -> None:
    """Invoice, customer, amount and next step stay whole; long words go on in the next line."""
    text = io.StringIO()
    held = a_case(due, "on_hold", None, HoldReason.DISPUTE, HoldReason.OPERATOR_NEEDED)
    cases = [a_case(due), a_case(due, "closed", "written_off"), held]
    Console(file=text, width=width).print(case_table(cases, width))

    assert "…" not in text.getvalue()
    rows = [line for line in text.getvalue().splitlines() if line.startswith("in_1MtHbELkdIwHu7ixl4OzzPMv ")]
    assert [True, True, True] == [due in row and "2026-11-23 09:05" in row for row in rows]
    assert 3 == text.getvalue().count("cus_NeZwdNtLEOXuvB")
    assert all(len(line) <= width for line in text.getvalue().splitlines())


@pytest.mark.parametrize("width", [80, 120])
def test_a_status_is_one_word(width: int) -> None:
    """As long as the amount leaves room for it."""
    text = io.StringIO()
    Console(file=text, width=width).print(case_table([a_case("12345.67 THB")], width))

    assert "with_agency" in text.getvalue().splitlines()[1]
