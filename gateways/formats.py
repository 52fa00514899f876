"""Amounts and dates as people read them, by Babel. Shared by the messages and the evidence page."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.numbers import format_currency, get_currency_precision, get_currency_symbol

from domain.money import Money, minor_digits

_NO_BREAK_SPACE = "\u00a0"


class Calendar(StrEnum):
    """How a language counts years in writing."""

    GREGORIAN = "gregorian"
    BUDDHIST = "buddhist"  # Thai: the year is 543 ahead


@lru_cache(maxsize=1_024)  # a merchant has few prices
def format_money(money: Money, locale: Locale, *, iso_code: bool = False) -> str:
    """`$19.99`, `฿1,500.00`; with `iso_code` (or where the locale has no symbol) `THB 1,500.00`.

    Never rounds: a currency that people write without decimals shows them when the amount has some.
    """
    currency = money.currency
    pattern = str(locale.currency_formats["standard"].pattern)
    symbol = currency if iso_code else get_currency_symbol(currency, locale)
    sign = "¤¤" if symbol == currency else "¤"
    # A symbol in letters (KWD, FCFA) needs a space before the digits; some locales' patterns have it.
    touches = pattern.startswith("¤") and not pattern.startswith(f"¤{_NO_BREAK_SPACE}")
    space = _NO_BREAK_SPACE if touches and symbol[-1].isalpha() else ""
    pattern = pattern.replace("¤", f"{sign}{space}")
    usual = get_currency_precision(currency)
    exact = usual >= minor_digits(currency) or money.major == round(money.major, usual)
    return format_currency(money.major, currency, pattern, locale, currency_digits=exact, decimal_quantization=exact)


def format_day(day: date, locale: Locale, calendar: Calendar = Calendar.GREGORIAN) -> str:
    """The date with its month in words: `March 28, 2026`, `28 มีนาคม 2569`."""
    if calendar is Calendar.BUDDHIST:
        # Only the year's number differs: counting on with a real date would fail on 29 February.
        return format_date(day, f"d MMMM '{day.year + 543}'", locale)
    return _first(day, format_date(day, "long", locale), locale)


def format_day_short(day: date, locale: Locale) -> str:
    """The date without its year, for a text message: `Mar 28`, `28 มี.ค.`."""
    return _first(day, format_skeleton("MMMd", day, locale=locale), locale, short=True)


def format_day_plain(day: date, locale: Locale) -> str:
    """The date without its year in digits, as people of the locale write it: `8/28`, `28/08`."""
    return format_skeleton("Md", day, locale=locale)


def format_names(names: Sequence[str], locale: Locale) -> str:
    """`A-2 and A-3`, `A-2、A-3`: as the locale writes a list.

    CLDR's Thai puts its "and" between two words without blanks, which Latin letters and digits need.
    """
    touches = locale.list_patterns["standard"]["2"].removeprefix("{0}")[:1].isalpha()
    return " ".join(format_list([f" {name} " if touches else name for name in names], locale=locale).split())


def _first(day: date, text: str, locale: Locale, *, short: bool = False) -> str:
    """French writes `1er mars`, Brazil `1º de março`: CLDR has no forms for them. `º` makes a text message dearer."""
    if day.day == 1 and text.startswith("1 "):
        if locale.language == "fr":
            return f"1er{text[1:]}"
        if str(locale) in ("pt", "pt_BR") and not short:
            return f"1º{text[1:]}"
    return text
