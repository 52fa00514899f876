"""Where a customer may live, when there is a holiday, and which number can be dialled."""

from datetime import UTC, date, datetime

import pytest

from gateways.ports.rows import CustomerRow
from service.customers import e164, merged, public_holidays, time_zones

OPENED_AT = datetime(2026, 4, 7, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "country", "zones"),
    [
        ("Asia/Tokyo", "US", ("Asia/Tokyo",)),  # what the customer says counts
        (None, "TH", ("Asia/Bangkok",)),
        (None, "th", ("Asia/Bangkok",)),
        (None, "DE", ("Europe/Berlin",)),  # Büsingen has the same clock
        (None, "ES", ("Europe/Madrid", "Atlantic/Canary")),  # Ceuta has Madrid's
        ("Mars/Olympus", "KW", ("Asia/Kuwait",)),  # a zone that does not exist counts as none
        (None, "", ("UTC",)),
        (None, "XX", ("UTC",)),
    ],
)
def test_possible_time_zones(given: str | None, country: str, zones: tuple[str, ...]) -> None:
    """The given zone, else every different clock of the country, else the policy's default."""
    assert zones == time_zones(given, country, "UTC", OPENED_AT)


def test_zones_that_differ_only_in_summer_time_are_kept() -> None:
    """Phoenix and Denver show the same hour in winter and not in summer."""
    assert {"America/Phoenix", "America/Denver"} <= set(time_zones(None, "US", "UTC", OPENED_AT))


@pytest.mark.parametrize(
    ("country", "holiday"),
    [
        ("US", date(2026, 7, 3)),  # Independence Day, observed
        ("TH", date(2026, 4, 13)),  # Songkran
        ("DE", date(2026, 5, 1)),
        ("BR", date(2026, 9, 7)),
        ("JP", date(2027, 1, 1)),
    ],
)
def test_public_holidays_of_the_country(country: str, holiday: date) -> None:
    """From the day before on, for 400 days."""
    found = public_holidays(country, OPENED_AT.date())

    assert holiday in found
    assert date(2026, 4, 6) <= min(found)
    assert max(found) <= date(2027, 5, 12)


def test_a_country_without_known_holidays_has_none() -> None:
    """An unknown country stops no case."""
    assert frozenset() == public_holidays("", OPENED_AT.date()) == public_holidays("XX", OPENED_AT.date())


@pytest.mark.parametrize(
    ("phone", "country", "dialled"),
    [
        ("+66 81 234 5678", "", "+66812345678"),
        ("081 234 5678", "TH", "+66812345678"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("0812345678", "", None),  # nobody knows whose number that is
        ("call me", "US", None),
        (None, "US", None),
    ],
)
def test_a_phone_number_that_can_be_dialled(phone: str | None, country: str, dialled: str | None) -> None:
    """International form, or none."""
    assert dialled == e164(phone, country)


def test_what_a_later_source_states_replaces_what_an_earlier_one_does() -> None:
    """And what it leaves out stays."""
    stripe = CustomerRow(customer_id="cus_1", name="Ada", email="ada@example.com", country="us")
    billing = CustomerRow(customer_id="cus_1", email="ada@work.example", phone="4155552671")

    assert CustomerRow(
        customer_id="cus_1", name="Ada", email="ada@work.example", country="US", phone="+14155552671"
    ) == merged(stripe, billing)
