"""Nobody is contacted outside the allowed hours, in any zone in which the customer may be, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.calendar import ContactHours, Paydays, at_local, local
from tests.domain.builders import at

NINE_TO_EIGHT = ContactHours(start=time(9), end=time(20), sundays=False, public_holidays=False)
NONE: frozenset[date] = frozenset()

# Half-hour changes, changes at midnight, across the date line, a day that never was, no changes at all.
ZONES = (
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "America/Havana",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Bangkok",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Midway",
    "Pacific/Wake",
    "Pacific/Chatham",
    "UTC",
)
moments = st.integers(0, 20 * 366 * 24 * 60).map(
    lambda minutes: datetime(2011, 6, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
# Near the changes of the clock, where the mistakes are.
CHANGES = (
    datetime(2018, 11, 4, 3, tzinfo=UTC),  # Sao Paulo, midnight skipped
    datetime(2018, 2, 18, 2, tzinfo=UTC),  # Sao Paulo, an hour before midnight repeated
    datetime(2030, 4, 6, 15, tzinfo=UTC),  # Lord Howe, half an hour repeated
    datetime(2030, 10, 5, 15, 30, tzinfo=UTC),  # Lord Howe, half an hour skipped
    datetime(2030, 3, 31, 1, tzinfo=UTC),  # Europe
    datetime(2030, 11, 3, 6, tzinfo=UTC),  # New York
    datetime(2011, 12, 30, 10, tzinfo=UTC),  # Apia, a day skipped
)
near_changes = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes), st.sampled_from(CHANGES), st.integers(-3000, 3000)
)
any_moment = st.one_of(moments, near_changes)
zone_sets = st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True).map(tuple)
holidays = st.frozensets(st.dates(min_value=date(2030, 1, 1), max_value=date(2030, 12, 31)), max_size=25)
clocks = st.integers(0, 24 * 4 - 1).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
spreads = st.integers(0, 3600).map(lambda seconds: timedelta(seconds=seconds))


def allowed_in_some(hours: ContactHours, moment: datetime, zones: tuple[str, ...], free: frozenset[date]) -> bool:
    """Whether the zones have an hour in common in the next two weeks, found by looking at every quarter of an hour."""
    quarters = (moment + timedelta(minutes=15 * step) for step in range(14 * 96))
    return any(hours.refusal(quarter, zones, free) is None for quarter in quarters)


@settings(max_examples=150)
@given(any_moment, zone_sets, holidays, spreads)
def test_the_next_allowed_moment_is_allowed_in_every_zone_that_the_customer_may_be_in(
    moment: datetime, zones: tuple[str, ...], free: frozenset[date], spread: timedelta
) -> None:
    """Never earlier than asked, allowed itself, and final: asked again it stays."""
    found = NINE_TO_EIGHT.next_allowed(moment, zones, free, spread)
    why = NINE_TO_EIGHT.refusal(found, zones, free)

    assert found >= moment
    assert found == NINE_TO_EIGHT.next_allowed(found, zones, free, spread)
    if why is not None:
        assert NINE_TO_EIGHT.refusal(found, zones[:1], free) is None
        assert not allowed_in_some(NINE_TO_EIGHT, moment, zones, free)


@settings(max_examples=150)
@given(any_moment, st.sampled_from(ZONES), st.integers(0, 92), st.integers(1, 3), spreads)
def test_hours_that_the_change_of_the_clock_cuts_are_kept_too(
    moment: datetime, zone: str, start: int, quarters: int, spread: timedelta
) -> None:
    """Short windows at any time of the day: the spread never leaves them, not even in an hour that was skipped."""
    last = min(start + quarters, 95)
    hours = ContactHours(
        start=time(start // 4, start % 4 * 15),
        end=time(last // 4, last % 4 * 15),
        sundays=True,
        public_holidays=True,
    )
    found = hours.next_allowed(moment, (zone,), NONE, spread)

    assert hours.refusal(found, (zone,), NONE) is None
    assert moment <= found <= moment + timedelta(days=3)


@settings(max_examples=100)
@given(any_moment, zone_sets, holidays)
def test_nothing_allowed_lies_before_the_next_allowed_moment(
    moment: datetime, zones: tuple[str, ...], free: frozenset[date]
) -> None:
    """No contact waits longer than it has to, found by looking at every quarter of an hour in between."""
    found = NINE_TO_EIGHT.next_allowed(moment, zones, free)
    between = []
    quarter = moment
    while quarter < min(found, moment + timedelta(days=10)):
        if NINE_TO_EIGHT.refusal(quarter, zones, free) is None:
            between.append(quarter)
        quarter += timedelta(minutes=15)

    assert [] == between


@settings(max_examples=200)
@given(any_moment, zone_sets, holidays)
def test_a_window_closes_after_the_moment_that_it_holds(
    moment: datetime, zones: tuple[str, ...], free: frozenset[date]
) -> None:
    """Until it closes every moment is allowed, and at its close none is; outside, it is the moment itself."""
    start = NINE_TO_EIGHT.next_allowed(moment, zones, free)
    closes = NINE_TO_EIGHT.closes_at(start, zones, free)

    assert closes > start
    if NINE_TO_EIGHT.refusal(start, zones, free) is None:
        assert NINE_TO_EIGHT.refusal(closes - timedelta(seconds=1), zones, free) is None
        assert NINE_TO_EIGHT.refusal(closes, zones, free) is not None
        if start != moment:
            assert moment == NINE_TO_EIGHT.closes_at(moment, zones, free)


@pytest.mark.parametrize(
    ("asked", "zone", "allowed"),
    [
        ("04-01 08:59", "Asia/Bangkok", "04-01 09:00"),
        ("04-01 09:00", "Asia/Bangkok", "04-01 09:00"),
        ("04-01 19:59:59", "Asia/Bangkok", "04-01 19:59:59"),
        ("04-01 20:00", "Asia/Bangkok", "04-02 09:00"),
        ("04-06 20:00", "Asia/Bangkok", "04-08 09:00"),  # over the Sunday
        ("04-07 12:00", "Asia/Bangkok", "04-08 09:00"),
        ("04-12 20:00", "Asia/Bangkok", "04-16 09:00"),  # Songkran, 13 to 15, with a Sunday in it
        ("03-30 23:00", "Europe/Berlin", "04-01 09:00"),  # the clock changes on that Sunday
        ("03-10 23:00", "America/New_York", "03-11 09:00"),  # the Sunday of the change is over
        ("10-26 21:00", "Europe/Berlin", "10-28 09:00"),
    ],
)
def test_the_hours_by_the_wall_clock(asked: str, zone: str, allowed: str) -> None:
    """Nine is allowed, eight in the evening no longer is; Sundays and holidays are left out."""
    songkran = frozenset(date(2030, 4, day) for day in (13, 14, 15)) if zone == "Asia/Bangkok" else NONE

    assert at(allowed, zone) == NINE_TO_EIGHT.next_allowed(at(asked, zone), (zone,), songkran)


def test_several_possible_zones_leave_the_hours_that_all_have_in_common() -> None:
    """A customer somewhere in the United States: nine in Honolulu is three in the afternoon in New York."""
    zones = ("America/New_York", "America/Chicago", "Pacific/Honolulu")
    morning = at("04-01 09:00", "America/New_York")
    found = NINE_TO_EIGHT.next_allowed(morning, zones, NONE)

    assert "2030-04-01 09:00 15:00" == f"{local(found, zones[2]):%Y-%m-%d %H:%M} {local(found, zones[0]):%H:%M}"
    assert at("04-01 20:00", "America/New_York") == NINE_TO_EIGHT.closes_at(found, zones, NONE)


def test_zones_on_both_sides_of_the_date_line_meet_although_their_dates_differ() -> None:
    """Midway's afternoon is the next morning on Wake; Wake's Sunday is left out although Midway has a Saturday."""
    zones = ("Pacific/Midway", "Pacific/Wake")
    found = NINE_TO_EIGHT.next_allowed(at("04-01 06:00", "Pacific/Midway"), zones, NONE)
    saturday = NINE_TO_EIGHT.next_allowed(at("04-06 09:30", "Pacific/Midway"), zones, NONE)

    assert ("04-01 10:00", "04-02 09:00") == tuple(f"{local(found, zone):%m-%d %H:%M}" for zone in zones)
    assert ("04-08 10:00", "04-09 09:00") == tuple(f"{local(saturday, zone):%m-%d %H:%M}" for zone in zones)


def test_zones_that_never_meet_leave_the_decision_to_the_first() -> None:
    """Better one zone's hours than no contact ever; and once found, the moment stays."""
    hours = ContactHours(start=time(9), end=time(10), sundays=True, public_holidays=True)
    zones = ("Europe/Berlin", "Asia/Bangkok")
    found = hours.next_allowed(at("04-01 07:00", zones[0]), zones, NONE, timedelta(minutes=7))

    assert at("04-01 09:07", zones[0]) == found
    assert found == hours.next_allowed(found, zones, NONE, timedelta(minutes=7))
    assert at("04-01 10:00", zones[0]) == hours.closes_at(found, zones, NONE)


@pytest.mark.parametrize(("start", "end"), [("20:00", "09:00"), ("09:00", "09:00")])
def test_hours_that_never_open_are_refused(start: str, end: str) -> None:
    """A policy with such hours would wait for ever."""
    with pytest.raises(ValidationError, match=r"has to come before end"):
        ContactHours(start=time.fromisoformat(start), end=time.fromisoformat(end), sundays=True, public_holidays=True)


def test_a_calendar_without_any_free_day_is_an_error_and_no_endless_search() -> None:
    """Two months of holidays are a mistake in the data."""
    free = frozenset(date(2030, 4, 1) + timedelta(days=n) for n in range(90))

    with pytest.raises(ValueError, match="no allowed contact hour within 62 days"):
        NINE_TO_EIGHT.next_allowed(at("04-01 10:00"), ("Asia/Bangkok",), free)


@settings(max_examples=150)
@given(any_moment, st.sampled_from(ZONES), clocks)
def test_a_wall_clock_time_is_found_on_its_own_day(moment: datetime, zone: str, clock: time) -> None:
    """Within the skipped hour it is the moment after the change; anywhere else the clock shows exactly the time."""
    day = local(moment, zone).date()
    found = local(at_local(day, clock, zone), zone)
    imaginary = datetime.combine(day, clock, tzinfo=ZoneInfo(zone)).utcoffset() != found.utcoffset()

    if not imaginary:
        assert (day, clock) == (found.date(), found.time().replace(tzinfo=None))
    else:
        assert found.replace(tzinfo=None) > datetime.combine(day, clock)


def test_a_repeated_hour_counts_from_its_first_pass() -> None:
    """Half past one on Lord Howe comes twice on 7 April 2030: the first one is meant."""
    first = at_local(date(2030, 4, 7), time(1, 45), "Australia/Lord_Howe")

    assert datetime(2030, 4, 6, 14, 45, tzinfo=UTC) == first


def test_the_first_payday_of_a_span_counts_both_its_ends() -> None:
    """Days of the month and weekdays; none in the span is None."""
    paydays = Paydays(days_of_month=(1, 15), weekdays=(5,))

    assert date(2030, 4, 1) == paydays.first_in(date(2030, 4, 1), date(2030, 4, 1))
    assert date(2030, 4, 5) == paydays.first_in(date(2030, 4, 2), date(2030, 4, 5))
    assert date(2030, 4, 15) == paydays.first_in(date(2030, 4, 13), date(2030, 4, 30))
    assert paydays.first_in(date(2030, 4, 6), date(2030, 4, 11)) is None
    assert paydays.first_in(date(2030, 4, 6), date(2030, 4, 5)) is None
    assert Paydays().first_in(date(2030, 4, 1), date(2030, 4, 30)) is None
