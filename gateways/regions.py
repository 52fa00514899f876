"""States and provinces as people write them, of the countries whose law they make (the holidays library's names)."""

import unicodedata
from functools import lru_cache

from holidays import country_holidays

_MAKE_LAW = ("US", "CA")


def region(text: str | None, of_country: str) -> str | None:
    """The ISO 3166-2 code, without the country, of a US state or Canadian province written as its code or its name.

    None when it is unreadable, or the country is another one.
    """
    if not text or of_country not in _MAKE_LAW:
        return None
    return _names(of_country).get(_plain(text).removeprefix(f"{of_country.casefold()}-"))


@lru_cache(maxsize=2)
def _names(of_country: str) -> dict[str, str]:
    known = country_holidays(of_country)
    names = known.subdivisions_aliases
    return {_plain(name): code for name, code in names.items()} | {code.casefold(): code for code in known.subdivisions}


def _plain(text: str) -> str:
    letters = "".join(s for s in unicodedata.normalize("NFKD", text) if not unicodedata.combining(s))
    return " ".join(letters.split()).casefold()
