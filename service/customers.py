"""What follows from where a customer lives: hours and public holidays."""

from datetime import date, timedelta
from functools import lru_cache

from holidays import country_holidays

from domain.case import Whereabouts
from gateways.places import HORIZON, place_of
from gateways.ports.rows import CustomerRow


def public_holidays(country: str, day: date) -> frozenset[date]:
    """The country's public holidays from the day before on, as far as a case may look ahead; none if unknown."""
    return _holidays(country.upper(), day - timedelta(days=1))


def whereabouts(customer: CustomerRow, day: date) -> Whereabouts | None:
    """Where the customer is by what is known of them now; None when that says nothing. `day` as a case begins."""
    return _where(customer.time_zone, customer.country, customer.phone, day)


@lru_cache(maxsize=4096)
def _where(time_zone: str | None, country: str, phone: str | None, day: date) -> Whereabouts | None:
    place = place_of(time_zone, country, phone, None, day)
    return Whereabouts(country=place.country, time_zones=place.zones) if place.zones else None


@lru_cache(maxsize=512)
def _holidays(country: str, first: date) -> frozenset[date]:
    last = first + HORIZON
    try:
        found = country_holidays(country, years=range(first.year, last.year + 1))
    except NotImplementedError:
        return frozenset()
    return frozenset(day for day in found if first <= day <= last)
