"""Money in integer minor units. No float comes near it and no sum crosses currencies."""

from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from domain.base import Frozen
from domain.codes import known_currency

# ISO 4217 minor units that differ from two, as the payment provider counts them
# (https://docs.stripe.com/currencies, read 2026-11-23). ISK and UGX have no minor unit in ISO 4217, but the provider
# keeps two decimals for them, and the amounts in this system are the provider's.
ZERO_DECIMAL = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
THREE_DECIMAL = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})

# What a column of the ledger and a search attribute of Temporal keep. An amount beyond it would be taken in here and
# then be refused there, again and again: the case could neither go on nor end.
_BEYOND = 2**63


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met in one sum or comparison."""


def minor_digits(currency: str) -> int:
    """How many decimal places the currency has (0, 2 or 3)."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


class Money(Frozen):
    """An amount in the minor unit of an ISO 4217 currency: `Money(amount=1999, currency="USD")` is 19.99 dollars."""

    amount: int = Field(strict=True, ge=-_BEYOND, lt=_BEYOND)
    currency: str

    @field_validator("currency")
    @classmethod
    def _iso_code(cls, value: str) -> str:
        code = value.upper()
        if len(code) != 3 or not code.isascii() or not code.isalpha():
            raise ValueError(f"{value!r} is not an ISO 4217 currency code such as USD or THB")
        return code

    @classmethod
    def of_major(cls, value: str, currency: str) -> Self:
        """Reads a decimal string in major units, `"19.99"`. Raises ValueError when it has too many decimals."""
        try:
            minor = Decimal(value).scaleb(minor_digits(currency.upper()))
        except ArithmeticError:  # no number, or one beyond what a decimal can be
            raise ValueError(f"{value!r} is not an amount such as 19.99") from None
        if not minor.is_finite() or minor != minor.to_integral_value():
            raise ValueError(f"{value} has more decimals than {currency.upper()} allows")
        return cls(amount=int(minor), currency=currency)

    @classmethod
    def read(cls, text: str) -> Self:
        """Reads an amount as people write it, `"19.99 USD"`. Raises ValueError, which does not repeat the text."""
        try:
            value, currency = text.split()
            return cls.of_major(value, currency)
        except ValueError:
            raise ValueError("it is not an amount with its currency, such as 19.99 USD or 1999 JPY") from None

    @property
    def major(self) -> Decimal:
        """The same amount in major units, exact."""
        return Decimal(self.amount).scaleb(-minor_digits(self.currency))

    def __add__(self, other: "Money") -> "Money":
        return Money(amount=self.amount + self._same(other), currency=self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(amount=self.amount - self._same(other), currency=self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other)

    def __str__(self) -> str:
        """`19.99 USD`: for operators and logs. Customers read the form of their language (gateways/messages)."""
        return f"{self.major:.{minor_digits(self.currency)}f} {self.currency}"

    def _same(self, other: "Money") -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be added or compared")
        return other.amount


def _read_amounts(value: Any, info: ValidationInfo) -> Any:
    """Reads `{USD: 50, THB: "1500.00"}`, amounts in major units."""
    if not isinstance(value, dict):
        if isinstance(value, list | tuple):
            return value
        raise ValueError("amounts need their currencies: {USD: 50}")
    read = tuple(Money.of_major(str(amount), str(currency)) for currency, amount in value.items())
    seen: set[str] = set()
    for money in read:
        known_currency(money.currency, info)
        if money.currency in seen:
            raise ValueError(f"{money.currency} stands twice; keep one of them")
        if money.amount < 0:
            raise ValueError(f"{money} is less than nothing")
        seen.add(money.currency)
    return read


Amounts = Annotated[tuple[Money, ...], BeforeValidator(_read_amounts)]
"""Amounts of several currencies, at most one of each, as files state them."""
