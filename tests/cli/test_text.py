"""Cases as text: what an operator copies into the next command is never cut."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from cli.text import case_table
from service.cases import Listed

CASES = [
    Listed(
        invoice_id="in_1MtHbELkdIwHu7ixl4OzzPMv",
        status=status,
        outcome=outcome,
        due="12345.67 THB",
        decline="invoice_payment_intent_requires_action",
        policy="business-customers-of-the-north@12",
        opened_at=datetime(2026, 11, 20, 8, tzinfo=UTC),
        next_step_at=datetime(2026, 11, 23, 9, 5, tzinfo=UTC),
    )
    for status, outcome in (("with_agency", None), ("closed", "written_off"))
]


@pytest.mark.parametrize("width", [80, 100, 120, 160, 200])
def test_the_list_fits_every_terminal(width: int) -> None:
    """Invoice, amount and next step stay whole; long words go on in the next line."""
    text = io.StringIO()
    Console(file=text, width=width).print(case_table(CASES, width))

    assert "…" not in text.getvalue()
    first = text.getvalue().splitlines()[1]
    for whole in ("in_1MtHbELkdIwHu7ixl4OzzPMv", "with_agency", "12345.67 THB", "2026-11-23 09:05"):
        assert whole in first
