"""What follows from where a customer lives: hours and public holidays."""

from datetime import date, timedelta
from functools import lru_cache

from holidays import country_holidays

from domain.case import Whereabouts
from gateways.places import HORIZON, countries_of_zones, place_of
from gateways.ports.rows import CustomerRow
from gateways.regions import region


def public_holidays(place: str, day: date) -> frozenset[date]:
    """The public holidays of a place (`TH`, `US-MA`) from the day before on, as far as a case may look ahead."""
    return _holidays(place.upper(), day - timedelta(days=1))


def whereabouts(customer: CustomerRow, day: date) -> Whereabouts | None:
    """Where the customer is by what is known of them now; None when that says nothing. `day` as a case begins."""
    return _where(customer.time_zone, customer.country, customer.phone, customer.region, day)


@lru_cache(maxsize=4096)
def _where(time_zone: str | None, country: str, phone: str | None, state: str, day: date) -> Whereabouts | None:
    place = place_of(time_zone, country, phone, None, day)
    # Of a country that somebody has left, the state says nothing.
    state = region(state, place.country) or ""
    if not place.zones:
        return None
    possible = () if place.country else countries_of_zones(place.zones)
    return Whereabouts(country=place.country, time_zones=place.zones, region=state, possible=possible)


@lru_cache(maxsize=512)
def _holidays(place: str, first: date) -> frozenset[date]:
    last = first + HORIZON
    try:
        country, _, state = place.partition("-")
        found = country_holidays(country, subdiv=state or None, years=range(first.year, last.year + 1))
    except NotImplementedError:
        return frozenset()
    return frozenset(day for day in found if first <= day <= last)
