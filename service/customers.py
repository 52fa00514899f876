"""What follows from what is known of a customer: one row from several sources, public holidays."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache

from holidays import country_holidays

from domain.addresses import email_address
from gateways.places import HORIZON, country, phone_number, zone
from gateways.ports.rows import CustomerRow

_READ: dict[str, Callable[[str | None], str | None]] = {"country": country, "time_zone": zone, "email": email_address}


def public_holidays(country: str, day: date) -> frozenset[date]:
    """The country's public holidays from the day before on, as far as a case may look ahead; none if unknown."""
    return _holidays(country.upper(), day - timedelta(days=1))


def merged(*sources: CustomerRow) -> CustomerRow:
    """One customer from several sources; what a later one states replaces what an earlier one does.

    What cannot be read never erases what could: a country, a zone, an e-mail address or a phone number of an earlier
    source stays. The country becomes an ISO 3166-1 code, the zone an IANA name, the phone number E.164.
    """
    found: dict[str, str] = {}
    for source in sources:
        stated = {name: value for name, value in source.model_dump(exclude_unset=True).items() if value}
        found |= {name: value for name, value in stated.items() if name not in _READ and name != "phone"}
        for name, read in _READ.items():
            if value := read(stated.get(name)):
                found[name] = value
        # A local number is one of the country that is known by now.
        if number := phone_number(stated.get("phone"), found.get("country", "")):
            found["phone"] = number
    return CustomerRow.model_validate(found)


@lru_cache(maxsize=512)
def _holidays(country: str, first: date) -> frozenset[date]:
    last = first + HORIZON
    try:
        found = country_holidays(country, years=range(first.year, last.year + 1))
    except NotImplementedError:
        return frozenset()
    return frozenset(day for day in found if first <= day <= last)
