"""What follows from where a customer lives: possible time zones, public holidays, a number that can be dialled."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
from holidays import country_holidays

from gateways.ports.rows import CustomerRow

_HORIZON = timedelta(days=400)
"""How far ahead a case may look: longer than the longest policy with its holds."""


def time_zones(given: str | None, country: str, default: str, opened_at: datetime) -> tuple[str, ...]:
    """The IANA zones that the customer may live in, the most populous first.

    The given zone, else every zone of the country whose clock differs from the others' at some time of the case,
    else `default`. A given zone that does not exist counts as none.
    """
    if given in _known_zones():
        return (str(given),)
    return _distinct_zones(country.upper(), opened_at.date()) or (default,)


def public_holidays(country: str, day: date) -> frozenset[date]:
    """The country's public holidays from the day before on, as far as a case may look ahead; none if unknown."""
    return _holidays(country.upper(), day - timedelta(days=1))


def merged(*sources: CustomerRow) -> CustomerRow:
    """One customer from several sources; what a later one states replaces what an earlier one does.

    The country becomes an upper-case ISO 3166-1 code or nothing, the phone number E.164 or nothing.
    """
    stated: dict[str, str] = {}
    for source in sources:
        stated |= {name: value for name, value in source.model_dump(exclude_unset=True).items() if value}
    country = stated.get("country", "").upper()
    if country in _zones_by_country():
        stated["country"] = country
    else:
        stated.pop("country", None)
    if phone := e164(stated.pop("phone", None), stated.get("country", "")):
        stated["phone"] = phone
    return CustomerRow.model_validate(stated)


def e164(phone: str | None, country: str) -> str | None:
    """The number in the form that SMS gateways take, `+66812345678`; None when it is no possible number."""
    try:
        number = phonenumbers.parse(phone or "", country or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=1)
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=1)
def _zones_by_country() -> dict[str, tuple[str, ...]]:
    """The time zone database's own list, in which the most populous zone of a country comes first."""
    found: dict[str, list[str]] = {}
    for line in files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            found.setdefault(country, []).append(zone)
    return {country: tuple(zones) for country, zones in found.items()}


@lru_cache(maxsize=512)
def _distinct_zones(country: str, start: date) -> tuple[str, ...]:
    noon = datetime.combine(start, time(12), tzinfo=UTC)
    days = [noon + timedelta(days=offset) for offset in range(_HORIZON.days + 1)]
    by_clock: dict[tuple[timedelta | None, ...], str] = {}
    for zone in _zones_by_country().get(country, ()):
        clock = ZoneInfo(zone)
        by_clock.setdefault(tuple(day.astimezone(clock).utcoffset() for day in days), zone)
    return tuple(by_clock.values())


@lru_cache(maxsize=512)
def _holidays(country: str, first: date) -> frozenset[date]:
    last = first + _HORIZON
    try:
        found = country_holidays(country, years=range(first.year, last.year + 1))
    except NotImplementedError:
        return frozenset()
    return frozenset(day for day in found if first <= day <= last)
