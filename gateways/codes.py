"""Which currencies and countries there are, by CLDR."""

from babel.core import get_global

from domain.codes import Codes
from gateways.places import countries

_STILL_SEEN = 2020
"""Currencies that ended since then are still in policies and rule tables of today."""


def _currencies() -> frozenset[str]:
    rows = [row for rows in get_global("territory_currencies").values() for row in rows]
    return frozenset(code for code, _, end, tender in rows if tender and (end is None or end[0] >= _STILL_SEEN))


CODES = Codes(currencies=_currencies(), countries=countries())
