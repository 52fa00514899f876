"""One customer from several sources, and when there is a holiday."""

from datetime import UTC, date, datetime

import pytest

from domain.rules.holidays import holidays_at
from domain.rules.law_table import law_of
from gateways.customer_rows import merged
from gateways.ports.rows import CustomerRow
from service.customers import public_holidays, whereabouts
from tests.domain.builders import a_case
from tests.lives.lawful import TABLE

OPENED_AT = datetime(2026, 4, 7, 12, tzinfo=UTC)


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


def test_what_a_later_source_states_replaces_what_an_earlier_one_does() -> None:
    """And what it leaves out stays."""
    stripe = CustomerRow(customer_id="cus_1", name="Ada", email="ada@example.com", country="us")
    billing = CustomerRow(customer_id="cus_1", email="ada@work.example", phone="4155552671")

    assert CustomerRow(
        customer_id="cus_1", name="Ada", email="ada@work.example", country="US", phone="+14155552671"
    ) == merged(stripe, billing)


def test_an_unreadable_value_erased_the_good_earlier_one() -> None:
    """R34, R30, R37: country, zone, address and number are read leniently, and what cannot be read changes nothing."""
    stripe = CustomerRow(
        customer_id="cus_1", email="ada@example.com", phone="+66812345678", country="TH", time_zone="asia/bangkok"
    )
    billing = CustomerRow(
        customer_id="cus_1", name="Ada", email="n/a", phone="555-2671", country="n/a", time_zone="Mars/Olympus"
    )

    assert CustomerRow(
        customer_id="cus_1",
        name="Ada",
        email="ada@example.com",
        phone="+66812345678",
        country="TH",
        time_zone="Asia/Bangkok",
    ) == merged(stripe, billing)


def test_what_nobody_can_read_is_not_stated_at_all() -> None:
    """So the ledger keeps what it has of the customer."""
    odd = CustomerRow(customer_id="cus_1", email="none", phone="-", country="Atlantis", time_zone="here")

    assert {"customer_id"} == merged(odd).model_fields_set


def test_a_state_is_one_of_the_country_that_is_known() -> None:
    """By its code or its name; of the country that somebody has left it says nothing."""
    here = CustomerRow(customer_id="cus_1", country="US", region="Massachusetts")
    gone = merged(here, CustomerRow(customer_id="cus_1", country="CA"))
    home = merged(here, CustomerRow(customer_id="cus_1", country="Canada", region="québec"))
    odd = CustomerRow(customer_id="cus_1", country="DE", region="Bayern")

    assert ("MA", "QC", "") == (merged(here).region, home.region, merged(odd).region)
    found = [whereabouts(customer, OPENED_AT.date()) for customer in (merged(here), gone, home, merged(odd))]
    assert ["US-MA", "CA", "CA-QC", "DE"] == [place.place for place in found if place]


def test_a_state_has_public_holidays_of_its_own() -> None:
    """The Saint-Jean-Baptiste is one in Quebec."""
    day = date(2026, 6, 24)

    assert day in public_holidays("CA-QC", date(2026, 6, 1))
    assert day not in public_holidays("CA-ON", date(2026, 6, 1))


def test_a_country_by_its_name_gives_its_local_numbers_a_prefix() -> None:
    """`USA` and (415) 555-2671 belong together, and so do a number and the country that an earlier source knew."""
    plain = CustomerRow(customer_id="cus_1", country="USA", phone="(415) 555-2671")
    later = CustomerRow(customer_id="cus_1", phone="(212) 555-0137")

    assert ("US", "+14155552671") == (merged(plain).country, merged(plain).phone)
    assert ("US", "+12125550137") == (merged(plain, later).country, merged(plain, later).phone)


def test_somebody_without_a_country_has_the_law_of_every_country_with_such_a_clock() -> None:
    """Berlin's clock is Norway's and Denmark's as well; the prefix of a number says the country itself."""
    by_clock = whereabouts(CustomerRow(customer_id="cus_1", time_zone="Europe/Berlin"), OPENED_AT.date())
    by_number = whereabouts(CustomerRow(customer_id="cus_1", phone="+4791234567"), OPENED_AT.date())
    assert by_clock is not None
    assert by_number is not None
    facts = a_case().facts

    assert ("DE", "DK", "NO", "SE", "SJ") == by_clock.possible == by_clock.places
    found = {rule.id for rule in law_of(TABLE, facts, by_clock, ()).rules}
    assert {"no-collections-wait", "dk-collections-wait", "de-default", "eu-default"} <= found
    assert "th-hours" not in found
    assert ("NO", ()) == (by_number.country, by_number.possible)
    free = holidays_at(public_holidays, facts, by_clock, OPENED_AT.date())
    assert {date(2026, 10, 3), date(2026, 5, 17)} <= free  # Germany's, and Norway's
