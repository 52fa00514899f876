"""What an invoice of Stripe's says of what was bought, in both shapes."""

from typing import Any

import pytest

from gateways import stripe_fields as fields


def line(description: object = "1 × Team", amount: object = 100, **more: object) -> dict[str, Any]:
    return {"description": description, "amount": amount, "period": {"start": 1772323200, "end": 1775001600}, **more}


def test_what_costs_something_is_read_in_the_merchants_words() -> None:
    credit, odd = line("Unused time", -50), line(None)
    (read,) = fields.lines({"lines": {"data": [line("  1 × Team\n"), credit, odd, line(amount=0), "no line"]}})

    assert ("1 × Team", "2026-03-01", "2026-04-01") == (
        read.description,
        str(read.start)[:10],
        str(read.end)[:10],
    )


@pytest.mark.parametrize("invoice", [{}, {"lines": None}, {"lines": {"data": None}}])
def test_an_invoice_that_shows_no_lines_says_nothing_of_them(invoice: dict[str, Any]) -> None:
    assert () == fields.lines(invoice)


@pytest.mark.parametrize(
    ("invoice", "tax"),
    [
        ({"total_taxes": [{"amount": 700}, {"amount": 200}]}, 900),
        ({"total_taxes": []}, None),
        ({"total_taxes": None, "tax": 5}, 5),
        ({"tax": 900}, 900),
        ({"tax": None}, None),
        ({"total_taxes": [{"amount": "9"}]}, None),
        ({}, None),
    ],
)
def test_tax_is_what_the_invoice_states_before_and_since_basil(invoice: dict[str, Any], tax: int | None) -> None:
    assert tax == fields.tax(invoice)
