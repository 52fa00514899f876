"""Countries, zones and numbers as people write them, and where somebody is."""

from datetime import date
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.places import country, everywhere, phone_number, place_of, zone, zones_of_country

START = date(2026, 4, 7)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(("US", "US"), (" us ", "US"), ("USA", "US"), ("U.S.", "US"), ("U.S.A.", "US"), ("United States", "US")),
        *(("united states of america", "US"), ("UK", "GB"), ("GBR", "GB"), ("United Kingdom", "GB"), ("England", "GB")),
        *(("XK", "XK"), ("Kosovo", "XK"), ("TH", "TH"), ("THA", "TH"), ("Thailand", "TH"), ("ไทย", "TH")),
        *(("Deutschland", "DE"), ("DE ", "DE"), ("España", "ES"), ("espana", "ES"), ("Россия", "RU"), ("日本", "JP")),
        *(("Côte d’Ivoire", "CI"), ("Ivory Coast", "CI"), ("Turkey", "TR"), ("Türkiye", "TR"), ("Hong Kong", "HK")),
        *(("UAE", "AE"), ("The Netherlands", "NL"), ("South Korea", "KR"), ("Viet Nam", "VN")),
    ],
)
def test_a_country_that_was_written_out_erased_the_good_one(text: str, code: str) -> None:
    """R34: codes of two and three letters, names in English and in the country's own language."""
    assert code == country(text)


@pytest.mark.parametrize(
    "text", [None, "", " ", "XX", "ZZ", "EU", "UN", "n/a", "none", "-", "Atlantis", "12", "SU", "x"]
)
def test_an_unreadable_country_is_none(text: str | None) -> None:
    """Whoever asks keeps the good earlier value."""
    assert country(text) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("America/New_York", "America/New_York"),
        ("america/new_york", "America/New_York"),
        (" america/new york ", "America/New_York"),
        ("ASIA/BANGKOK", "Asia/Bangkok"),
        ("US/Pacific", "US/Pacific"),
        ("Pacific Standard Time", "America/Los_Angeles"),
        ("SE Asia Standard Time", "Asia/Bangkok"),
    ],
)
def test_a_zone_in_lower_case_is_the_zone(text: str, name: str) -> None:
    """R34: in any case, with blanks, and in Windows' words."""
    assert name == zone(text)


@pytest.mark.parametrize("text", [None, "", " ", "Mars/Olympus", "n/a", "+07:00", "Factory", "../etc/passwd", "PST"])
def test_an_unreadable_zone_is_none(text: str | None) -> None:
    """A file name is no zone, whatever lies there."""
    assert zone(text) is None


@given(st.text(max_size=40))
def test_whatever_is_written_there_is_a_place_or_none(text: str) -> None:
    """Never an exception, and what is read is read the same again."""
    code, name = country(text), zone(text)

    assert code is None or code == country(code)
    assert name is None or name in available_timezones()
    assert phone_number(text, code or "US") is None or phone_number(
        text,
        code or "US",
    ).startswith("+")


@pytest.mark.parametrize(
    ("text", "of", "number"),
    [
        ("+66 81 234 5678", "", "+66812345678"),
        ("＋66 81 234 5678", "", "+66812345678"),
        ("081 234 5678", "TH", "+66812345678"),
        ("66812345678", "TH", "+66812345678"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("(514) 555-0118", "US", "+15145550118"),  # Montreal's, under the same country code
        ("0044 20 7946 0958", "GB", "+442079460958"),
        ("07911 123456", "GB", "+447911123456"),
    ],
)
def test_a_number_that_can_be_dialled(text: str, of: str, number: str) -> None:
    """In the form that providers take."""
    assert number == phone_number(text, of)


@pytest.mark.parametrize(
    ("text", "of"),
    [
        ("555-2671", "US"),
        ("+1 555-2671", "US"),
        ("555-2671", ""),
        ("0812345678", ""),
        ("0812345678", "US"),
        ("123", "TH"),
        ("900 555 0100", "US"),  # a premium rate
        ("call me", "US"),
        ("n/a", "US"),
        ("+", ""),
        ("+999 123 456", ""),
        ("9" * 400, "US"),
        (None, "US"),
    ],
)
def test_a_local_number_was_dialled_as_if_it_had_a_country(text: str | None, of: str) -> None:
    """R37: valid for its region, or unknown."""
    assert phone_number(text, of) is None


@pytest.mark.parametrize(
    ("given", "address", "phone", "card", "zones"),
    [
        ("Asia/Tokyo", "US", "+14155552671", "DE", ("Asia/Tokyo",)),
        (None, "TH", "+14155552671", "US", ("Asia/Bangkok",)),
        ("Mars/Olympus", "KW", None, None, ("Asia/Kuwait",)),
        (None, "", "+14155552671", "TH", ("America/Los_Angeles",)),  # the prefix of San Francisco
        (None, "n/a", "+447911123456", None, ("Europe/London",)),  # Guernsey's clock is London's
        (None, "n/a", "+447700900102", None, ("Europe/London",)),  # a range that nobody has
        (None, None, "+38344123456", None, ("Europe/Belgrade",)),
        (None, "", "+18005550199", "TH", ("Asia/Bangkok",)),  # toll-free: dialled alike from Maine to Hawaii
        (None, "", None, "DE", ("Europe/Berlin",)),
        (None, "", "555-2671", "es", ("Europe/Madrid", "Atlantic/Canary")),
        (None, "XK", None, None, ("Europe/Belgrade",)),
        (None, "", None, None, ()),
        (None, "XX", "+18005550199", "", ()),
    ],
)
def test_somebody_without_an_address_was_texted_at_two_in_the_morning(
    given: str | None, address: str | None, phone: str | None, card: str | None, zones: tuple[str, ...]
) -> None:
    """R35: address, phone prefix, card country, in that order; none of them: nobody knows."""
    assert zones == place_of(given, address, phone, card, START).zones


def test_several_possible_zones_are_all_of_them() -> None:
    """The clocks of a country that differ at some time of the case: Phoenix and Denver do in summer only."""
    found = place_of(None, "US", None, None, START).zones

    assert "America/New_York" == found[0]
    assert {"America/Phoenix", "America/Denver", "Pacific/Honolulu"} <= set(found)
    assert found == place_of(None, None, None, "USA", START).zones == zones_of_country("US", START)


@given(
    st.one_of(st.none(), st.text(max_size=8)),
    st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["US", "TH", "XK", "AQ", "BV"])),
    st.one_of(st.none(), st.text(st.sampled_from("+0123456789 -"), max_size=16)),
    st.one_of(st.none(), st.text(max_size=3)),
)
def test_every_zone_that_is_told_exists(
    given: str | None, address: str | None, phone: str | None, card: str | None
) -> None:
    """Whatever the fields hold."""
    assert set(place_of(given, address, phone, card, START).zones) <= available_timezones()


def test_somebody_who_may_be_anywhere_is_wherever_the_merchant_sells() -> None:
    """The policy's own zone first: it decides alone where no hour is day in all of them."""
    found = everywhere("Europe/London", ["GB", "US", "n/a"], START)

    assert ("Europe/London", "America/New_York") == found[:2]
    assert set(zones_of_country("US", START)) < set(found)
    assert ("UTC",) == everywhere("UTC", [], START)


@pytest.mark.parametrize(
    ("given", "address", "phone", "card", "code"),
    [
        (None, "UK", "+14155552671", "DE", "GB"),
        ("America/New_York", "", "+66812345678", "DE", "TH"),  # a zone says nothing of holidays
        (None, "", "+15145550118", "US", "CA"),  # Montreal's prefix
        (None, "", "+447700900102", "GB", "GB"),  # nobody's number, of one of the islands or not
        (None, "", "+18005550199", "US", "US"),
        (None, "n/a", None, "Thailand", "TH"),
        ("Asia/Tokyo", "", None, None, ""),
    ],
)
def test_the_country_follows_in_the_same_order(
    given: str | None, address: str | None, phone: str | None, card: str | None, code: str
) -> None:
    """Its public holidays are kept."""
    assert code == place_of(given, address, phone, card, START).country


def test_an_old_name_of_a_place_is_a_place() -> None:
    """As the zone database still knows them."""
    assert ("Japan", "Asia/Calcutta", "GB") == (zone("japan"), zone("asia/calcutta"), zone("gb"))


@pytest.mark.parametrize("text", ["UTC", "utc", "GMT", "Zulu", "Etc/UTC", "Etc/GMT+7", "EST", "EST5EDT", "localtime"])
def test_a_clock_is_no_place_where_somebody_is(text: str) -> None:
    """A sign-up form's default says nothing of where its customer sleeps."""
    assert zone(text) is None
    assert ("TH", ("Asia/Bangkok",)) == place_of(text, "TH", None, None, date(2030, 4, 1))


@pytest.mark.parametrize(
    "text",
    [
        "+1 415 555 2671 ext 5",
        "+14155552671;ext=5",
        "+1-800-FLOWERS",
        "call my mum +44 7911 123456",
        "fax: +44 20 7946 0958",
        "+66812345678/+66898765432",
    ],
)
def test_what_is_more_than_a_number_is_no_number(text: str) -> None:
    """An extension is no telephone, a fax reads no texts, and of two numbers nobody knows whose the first is."""
    assert phone_number(text, "") is None


def test_a_number_as_a_link_is_a_number() -> None:
    """As web pages write it."""
    assert "+66812345678" == phone_number("tel:+66812345678", "")
