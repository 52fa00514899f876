"""What follows from where a customer lives: public holidays."""

from datetime import date, timedelta
from functools import lru_cache

from holidays import country_holidays

from gateways.places import HORIZON


def public_holidays(country: str, day: date) -> frozenset[date]:
    """The country's public holidays from the day before on, as far as a case may look ahead; none if unknown."""
    return _holidays(country.upper(), day - timedelta(days=1))


@lru_cache(maxsize=512)
def _holidays(country: str, first: date) -> frozenset[date]:
    last = first + HORIZON
    try:
        found = country_holidays(country, years=range(first.year, last.year + 1))
    except NotImplementedError:
        return frozenset()
    return frozenset(day for day in found if first <= day <= last)
