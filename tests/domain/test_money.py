"""Money is whole minor units of one currency; nothing is rounded and nothing is mixed."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.money import THREE_DECIMAL, ZERO_DECIMAL, CurrencyMismatch, Money, minor_digits

CURRENCIES = st.sampled_from([*sorted(ZERO_DECIMAL), *sorted(THREE_DECIMAL), "USD", "EUR", "THB", "INR", "BRL", "ISK"])
AMOUNTS = st.integers(min_value=-(10**15), max_value=10**15)
MONEY = st.builds(lambda amount, currency: Money(amount=amount, currency=currency), AMOUNTS, CURRENCIES)


@pytest.mark.parametrize(
    ("text", "currency", "minor", "shown"),
    [
        ("19.99", "USD", 1999, "19.99 USD"),
        ("19.9", "usd", 1990, "19.90 USD"),
        ("1500", "THB", 150_000, "1500.00 THB"),
        ("7000", "JPY", 7000, "7000 JPY"),
        ("1.005", "KWD", 1005, "1.005 KWD"),
        ("-0.01", "EUR", -1, "-0.01 EUR"),
        ("12.50", "ISK", 1250, "12.50 ISK"),
        ("1e3", "USD", 100_000, "1000.00 USD"),
    ],
)
def test_an_amount_in_major_units_is_read_and_shown(text: str, currency: str, minor: int, shown: str) -> None:
    """With the decimals that the provider keeps for the currency."""
    money = Money.of_major(text, currency)

    assert (minor, shown) == (money.amount, str(money))


@pytest.mark.parametrize(
    ("text", "currency", "message"),
    [
        ("19.999", "USD", "19.999 has more decimals than USD allows"),
        ("7000.5", "JPY", "7000.5 has more decimals than JPY allows"),
        ("1.0001", "KWD", "1.0001 has more decimals than KWD allows"),
        ("ten", "USD", "'ten' is not an amount such as 19.99"),
        ("NaN", "USD", "NaN"),
        ("Infinity", "USD", "Infinity"),
        ("1", "DOLLAR", "'DOLLAR' is not an ISO 4217 currency code"),
        ("1", "U1D", "'U1D' is not an ISO 4217 currency code"),
        ("1", "", "'' is not an ISO 4217 currency code"),
    ],
)
def test_an_amount_that_is_none_is_refused(text: str, currency: str, message: str) -> None:
    """It is never rounded to one."""
    with pytest.raises(ValueError, match=message):
        Money.of_major(text, currency)


@pytest.mark.parametrize("amount", [19.99, 1999.0, "1999", Decimal(1999), True, None])
def test_minor_units_are_an_integer_and_nothing_else(amount: Any) -> None:
    """A float near money is a bug, also a whole one."""
    with pytest.raises(ValidationError):
        Money(amount=amount, currency="USD")


@pytest.mark.parametrize("amount", [2**63, -(2**63) - 1])
def test_an_amount_that_cannot_be_kept_is_refused(amount: int) -> None:
    """Neither the ledger nor a search attribute takes it: a case with it could never be closed."""
    with pytest.raises(ValidationError):
        Money(amount=amount, currency="USD")


@given(MONEY)
def test_every_amount_survives_its_own_text(money: Money) -> None:
    """Major units are exact in both directions."""
    assert money == Money.of_major(str(money.major), money.currency)
    assert money == Money.of_major(str(money).split()[0], money.currency)
    assert -minor_digits(money.currency) == money.major.as_tuple().exponent


@given(AMOUNTS, AMOUNTS, CURRENCIES)
def test_sums_are_sums_of_minor_units(one: int, other: int, currency: str) -> None:
    """And a difference undoes a sum."""
    a, b = (Money(amount=amount, currency=currency) for amount in (one, other))

    assert one + other == (a + b).amount
    assert a == a + b - b
    assert (one < other, one <= other, one > other) == (a < b, a <= b, a > b)


@pytest.mark.parametrize(
    "mix",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
    ],
)
def test_currencies_are_never_mixed(mix: Callable[[Money, Money], object]) -> None:
    """Not in a sum and not in a comparison."""
    with pytest.raises(CurrencyMismatch, match="cannot be added or compared"):
        mix(Money(amount=1, currency="USD"), Money(amount=1, currency="JPY"))


def test_equal_amounts_of_two_currencies_are_not_equal() -> None:
    """Ten yen are not ten cents."""
    assert Money(amount=10, currency="JPY") != Money(amount=10, currency="USD")


def test_no_currency_has_two_kinds_of_minor_unit() -> None:
    """The two lists of exceptions are disjoint."""
    assert not ZERO_DECIMAL & THREE_DECIMAL
