"""No contact outside lawful hours or above a cap: over changed clocks, midnights, weekends, holidays and moves."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import ContactHours
from domain.case import Whereabouts
from domain.gates import Postpone, strictest
from domain.rules.lawful_caps import lawful_caps
from domain.rules.local_law import HoursHere
from domain.steps import Channel
from tests.lives.lawful import PLACES, TABLE, Said, unlawful

OPEN = ContactHours(start=time(0), end=time(23, 59), sundays=True, public_holidays=True)
CHANGES = (
    datetime(2025, 3, 9, 7, tzinfo=UTC),  # America goes to summer time
    datetime(2025, 4, 5, 15, tzinfo=UTC),  # Australia leaves it, Lord Howe by half an hour
    datetime(2025, 5, 16, 4, tzinfo=UTC),  # Florida's new edition
    datetime(2026, 10, 25, 1, tzinfo=UTC),  # Europe leaves it
    datetime(2026, 11, 1, 6, tzinfo=UTC),  # America leaves it
    datetime(2026, 12, 31, 20, tzinfo=UTC),  # a year ends
)
HOUR = timedelta(hours=1)
MOST = 60

places = st.sampled_from(PLACES)
channels = st.sampled_from([Channel.EMAIL, Channel.SMS])
moments = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-10 * 1440, 10 * 1440),
)
holidays = st.frozensets(st.dates(date(2025, 3, 1), date(2027, 1, 10)), max_size=20)


def hours_of(here: Whereabouts, channel: Channel) -> HoursHere:
    return HoursHere(OPEN, TABLE.at(here.country, here.region, here.time_zones).hours(channel))


@settings(max_examples=600)
@given(places, channels, moments, holidays)
def test_the_next_allowed_moment_is_lawful(
    here: Whereabouts, channel: Channel, moment: datetime, free: frozenset[date]
) -> None:
    """Of a policy that is always open; and a moment that is lawful is not moved."""
    found = hours_of(here, channel).next_allowed(moment, here.time_zones, free)

    assert moment <= found <= moment + timedelta(days=40)
    assert [] == [*unlawful([Said(found, channel, "in_1", here)], free)]
    lawful = [*unlawful([Said(moment, channel, "in_1", here)], free)] == []
    assert found == moment or not lawful


@settings(max_examples=300)
@given(places, channels, moments, holidays)
def test_hours_close_when_the_law_says(
    here: Whereabouts, channel: Channel, moment: datetime, free: frozenset[date]
) -> None:
    """Until then every quarter of an hour is lawful: a message may be tried for as long."""
    hours = hours_of(here, channel)
    found = hours.next_allowed(moment, here.time_zones, free)
    closes = hours.closes_at(found, here.time_zones, free)

    tried = [found + HOUR / 4 * n for n in range(200) if found + HOUR / 4 * n < min(closes, found + 4 * HOUR)]
    assert [] == [*unlawful([Said(tried[-1], channel, "in_1", here)], free)]


def sent(
    wanted: Sequence[tuple[datetime, Channel, str]],
    stays: Sequence[tuple[datetime, Whereabouts]],
    free: frozenset[date],
) -> list[Said]:
    """All messages of one person: each waits for hours, then for room, and is asked anew where they have moved."""
    made: list[Said] = []
    for wish, channel, invoice in sorted(wanted):
        moment = wish
        for _ in range(MOST):
            here = [place for since, place in stays if since <= moment][-1]
            law = TABLE.at(here.country, here.region, here.time_zones)
            allowed = hours_of(here, channel).next_allowed(moment, here.time_zones, free)
            caps = lawful_caps(law, channel, here.time_zones, moment)
            answer = strictest(cap.ask(invoice, made, moment) for cap in caps)
            later = answer.until if isinstance(answer, Postpone) else moment
            if max(allowed, later) == moment:
                made.append(Said(moment, channel, invoice, here))
                break
            assert max(allowed, later) > moment
            moment = max(allowed, later)
        else:
            raise AssertionError("it waits for ever")
    return made


@settings(max_examples=400)
@given(
    st.lists(st.tuples(st.integers(0, 20 * 24), channels, st.sampled_from(["in_1", "in_2", "in_3"])), max_size=25),
    st.lists(st.tuples(st.integers(1, 20 * 24), places), max_size=4),
    places,
    moments,
    holidays,
)
def test_no_contact_is_outside_the_hours_or_above_a_cap_wherever_somebody_moves(
    wishes: list[tuple[int, Channel, str]],
    moves: list[tuple[int, Whereabouts]],
    home: Whereabouts,
    start: datetime,
    free: frozenset[date],
) -> None:
    """Of all that is to be said about three debts within three weeks: it waits, and everything is said in the end."""
    stays = [(datetime.min.replace(tzinfo=UTC), home)]
    stays += [(start + hours * HOUR, place) for hours, place in sorted(moves, key=lambda move: move[0])]
    made = sent([(start + hours * HOUR, channel, invoice) for hours, channel, invoice in wishes], stays, free)

    assert len(wishes) == len(made)
    assert [] == [*unlawful(made, free)]
