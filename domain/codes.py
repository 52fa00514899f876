"""Codes of currencies and countries: whether there is such a one, asked of what people write in files.

Which currencies and countries there are is given by who reads a file, as pydantic's context: a policy that cases follow
already is not asked, and what others send us in a currency that is new is not refused.
"""

from collections.abc import Collection
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, ValidationInfo


class Codes(NamedTuple):
    """What there is at the time of reading."""

    currencies: frozenset[str]  # ISO 4217
    countries: frozenset[str]  # ISO 3166-1 alpha-2


def known_currency(code: str, info: ValidationInfo) -> str:
    """The code in upper case. Raises ValueError for one that no country pays in."""
    codes = _codes(info)
    return one_of(code.upper(), codes.currencies, "currency such as USD or THB") if codes else code.upper()


def _known_country(code: str, info: ValidationInfo) -> str:
    codes = _codes(info)
    return one_of(code, codes.countries, "country by ISO 3166-1, such as DE or TH") if codes else code


def _codes(info: ValidationInfo) -> Codes | None:
    return info.context if isinstance(info.context, Codes) else None


def one_of(code: str, known: Collection[str], what: str) -> str:
    """The code itself. Raises ValueError for what there is not."""
    if code in known:
        return code
    raise ValueError(f"{code!r} is no {what}")


Country = Annotated[str, AfterValidator(_known_country)]
"""A country that exists, where the reader of a file says which there are."""
