"""Nobody is called outside the hours that they have stated, whatever clocks do; what is lawful binds beside them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.call_hours import NAMED_FOR, WEEK, CallTime, Day, best_window, read, wanted, written
from domain.calls import CallWindow
from domain.case import Circumstances
from domain.gates import ALLOW, Postpone, Refuse
from domain.invoice import InvoiceNow
from domain.kinds.call import CallStep, CallTask
from domain.policy import Policy
from domain.rules.calls import STATED_HOURS, ask_call, call_closes, call_windows, next_call
from domain.situation import Situation
from tests.domain.builders import Life, a_case, a_policy, at, live, rule
from tests.domain.test_calls import CALLS, DAY, KEY, NOON, TIMELINE, standing

HOUR = timedelta(hours=1)
BANGKOK, BERLIN = "Asia/Bangkok", "Europe/Berlin"
EVENINGS = read("mon-fri 17:00-19:00")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("mon-fri 17:00-19:00", "mon-fri 17:00-19:00"),
        ("Sat,Mon,Tue 09:00-10:00;sun 10:00-11:00", "mon-tue,sat 09:00-10:00; sun 10:00-11:00"),
        ("fri-mon 08:00-09:30", "mon,fri-sun 08:00-09:30"),
        ("mon,mon 08:00-09:30", "mon 08:00-09:30"),
    ],
)
def test_hours_are_written_as_somebody_says_them(given: str, kept: str) -> None:
    assert kept == written(read(given))
    assert read(given) == read(kept)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "write them like 'mon-fri 17:00-19:00'"),
        ("mon 9-17", "write them like"),
        ("mon 25:00-26:00", "write them like"),
        ("someday 09:00-10:00", "write them like"),
        ("xyz 09:00-10:00", "'xyz' is not days of a week"),
        ("mon-tue-wed 09:00-10:00", "'mon-tue-wed' is not days"),
        ("mon 22:00-02:00", "22:00 has to come before 02:00; hours over midnight are two"),
        (";".join(["mon 09:00-10:00"] * 8), "name 7 at most"),
    ],
)
def test_what_is_no_hours_is_said_in_a_sentence(given: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as found:
        read(given)

    assert not isinstance(found.value, ValidationError)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    "given",
    [
        {"days": [], "start": "09:00", "end": "10:00"},
        {"days": ["mon", "mon"], "start": "09:00", "end": "10:00"},
        {"days": ["monday"], "start": "09:00", "end": "10:00"},
        {"days": ["mon"], "start": "09:00", "end": "09:00"},
        {"days": ["mon"], "start": "9:00", "end": "10:00"},
        {"days": ["mon"], "start": "09:00", "end": "24:00"},
        {"days": ["mon"], "start": "09:00", "end": "10:00\n"},
    ],
)
def test_hours_of_a_week_have_days_and_begin_before_they_end(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CallTime.model_validate(given)


def within(start: str, end: str, hours: str, *zones: str, named: datetime | None = None) -> list[str]:
    """What is left of one window, by the clock of the first zone."""
    window = CallWindow(start=at(start, zones[0]), end=at(end, zones[0]))
    return [each.said(zones[0]) for each in wanted([window], read(hours), zones, named)]


@pytest.mark.parametrize(
    ("start", "end", "hours", "left"),
    [
        # 1 April 2030 is a Monday.
        ("04-01 09:00", "04-01 18:00", "mon-fri 17:00-19:00", ["2030-04-01 17:00 to 18:00"]),
        ("04-01 09:00", "04-01 17:00", "mon-fri 17:00-19:00", []),
        ("04-06 09:00", "04-06 18:00", "mon-fri 17:00-19:00", []),
        (
            "04-01 09:00",
            "04-01 18:00",
            "mon 08:00-10:00; mon 12:00-13:00",
            ["2030-04-01 09:00 to 10:00", "2030-04-01 12:00 to 13:00"],
        ),
        ("04-01 09:00", "04-01 18:00", "mon 09:00-12:00; mon 12:00-14:00", ["2030-04-01 09:00 to 14:00"]),
        ("04-01 09:00", "04-01 18:00", "mon 09:00-12:00; mon 11:00-12:30", ["2030-04-01 09:00 to 12:30"]),
        (
            "04-01 20:00",
            "04-02 06:00",
            "mon 22:00-23:59; tue 00:00-02:00",
            ["2030-04-01 22:00 to 23:59", "2030-04-02 00:00 to 02:00"],
        ),
    ],
)
def test_of_each_window_what_the_customer_wants_is_left(start: str, end: str, hours: str, left: list[str]) -> None:
    assert left == within(start, end, hours, BANGKOK)


def test_summer_time_skips_and_repeats_an_hour() -> None:
    """In Berlin on 31 March 2030 two o'clock is three; on 27 October three o'clock is two once more."""
    assert ["2030-03-31 03:00 to 04:00"] == within("03-31 00:00", "03-31 06:00", "sun 02:30-04:00", BERLIN)
    assert [] == within("03-31 00:00", "03-31 06:00", "sun 02:00-03:00", BERLIN)
    autumn = CallWindow(start=at("10-27 00:00", BERLIN), end=at("10-27 06:00", BERLIN))
    twice = wanted([autumn], read("sun 02:15-02:45"), [BERLIN])
    assert [(minute, minute + 30) for minute in (15, 75)] == [
        tuple(int((moment - at("10-27 02:00", BERLIN)).total_seconds()) // 60 for moment in (each.start, each.end))
        for each in twice
    ]


def test_where_the_customer_may_be_in_several_zones_it_is_their_hour_in_each() -> None:
    both = "America/New_York", "America/Chicago"

    assert ["2030-04-01 18:00 to 19:00"] == within("04-01 09:00", "04-01 21:00", "mon-fri 17:00-19:00", *both)
    assert [] == within("04-01 09:00", "04-01 21:00", "mon-fri 17:00-18:00", *both)


def test_a_moment_that_the_customer_named_is_among_their_hours() -> None:
    named = at("04-01 10:15")
    window = "04-01 09:00", "04-01 18:00"

    assert ["2030-04-01 10:15 to 11:15", "2030-04-01 17:00 to 18:00"] == within(
        *window, "mon-fri 17:00-19:00", BANGKOK, named=named
    )
    assert ["2030-04-01 10:00 to 11:15"] == within(*window, "mon 10:00-10:30", BANGKOK, named=named)
    assert ["2030-04-01 17:00 to 18:00"] == within(
        *window, "mon-fri 17:00-19:00", BANGKOK, named=at("04-01 19:00")
    )  # not lawful


clocks = st.integers(0, 23 * 60 + 59).map(lambda minutes: f"{minutes // 60:02d}:{minutes % 60:02d}")
some_days = st.sets(st.sampled_from(WEEK), min_size=1).map(tuple)
times = st.builds(
    lambda days, ends: CallTime(days=days, start=min(ends), end=max(ends)),
    some_days,
    st.sets(clocks, min_size=2, max_size=2),
)
zone_sets = st.sampled_from(
    [
        (BERLIN,),
        ("Australia/Lord_Howe",),
        ("Pacific/Apia",),
        ("America/New_York", "America/Chicago"),
        ("Atlantic/Azores", BERLIN),
        ("Pacific/Midway", "Pacific/Wake"),
    ]
)
changes = st.sampled_from(["2030-03-30", "2030-10-26", "2030-03-09", "2030-11-02", "2030-04-06", "2011-12-29"])


@given(st.lists(times, min_size=1, max_size=7).map(tuple), zone_sets, changes, st.integers(0, 72 * 12))
def test_a_moment_is_within_if_and_only_if_every_clock_shows_a_stated_hour(
    hours: tuple[CallTime, ...], zones: tuple[str, ...], day: str, step: int
) -> None:
    """Around days on which clocks are changed, or a day is left out; found by reading the wall clocks."""
    begins = datetime.fromisoformat(f"{day}T00:00+00:00")
    moment = begins + step * timedelta(minutes=5)
    windows = wanted([CallWindow(start=begins, end=begins + 3 * DAY)], hours, zones)
    walls = [moment.astimezone(ZoneInfo(zone)) for zone in zones]
    shown = all(
        any(wall.strftime("%a").lower() in each.days and each.start <= f"{wall:%H:%M}" < each.end for each in hours)
        for wall in walls
    )

    assert shown is any(window.start <= moment < window.end for window in windows)
    assert all(one.end < other.start for one, other in pairwise(windows))
    assert read(written(hours)) == hours


def test_a_call_is_best_made_at_about_an_hour_at_which_somebody_answered() -> None:
    """An hour before and after, on any day; without an answer, or none of that hour, in the first window."""
    windows = [CallWindow(start=at(f"04-0{day} 09:00"), end=at(f"04-0{day} 18:00")) for day in (1, 2)]

    def best(*answered: str, of: list[CallWindow] = windows) -> str:
        found = best_window(of, [at(each) for each in answered], BANGKOK)
        return found.said(BANGKOK) if found else ""

    assert "2030-04-01 16:10 to 18:00" == best("03-12 17:10")
    assert "2030-04-01 09:00 to 09:40" == best("03-12 17:10", "02-01 08:40")
    assert "2030-04-02 09:00 to 10:30" == best(
        "03-12 09:30", of=[CallWindow(start=at("04-01 12:00"), end=at("04-01 18:00")), windows[1]]
    )
    assert "2030-04-01 09:00 to 18:00" == best() == best("03-12 21:00") == best("03-12 23:40") == best("03-12 00:20")
    assert "" == best("03-12 17:10", of=[])


def knowing(hours: str, when: datetime = NOON, policy: Policy = CALLS) -> Situation:
    around = Circumstances(call_hours=read(hours) if hours else ())
    return Situation(a_case(policy=policy), policy, around, when)


def test_windows_are_those_of_law_policy_and_customer_together() -> None:
    """Thailand: weekends until 18:00. Sunday is none by the policy."""
    around = standing("TH", call_hours=read("mon-fri 17:00-19:00; sat-sun 16:00-20:00"))
    found = call_windows(around, at("04-05 12:00"), at("04-08 18:00"))

    assert ["2030-04-05 17:00 to 19:00", "2030-04-06 16:00 to 18:00", "2030-04-08 17:00 to 18:00"] == [
        window.said(BANGKOK) for window in found
    ]


@pytest.mark.parametrize(
    ("when", "until", "by"),
    [
        ("04-02 12:00", "04-02 17:00", STATED_HOURS),
        ("04-02 19:00", "04-03 17:00", STATED_HOURS),
        ("04-05 19:00", "04-08 17:00", STATED_HOURS),  # Friday evening: Monday
        ("04-03 06:00", "04-03 17:00", "hours@standard"),
    ],
)
def test_outside_them_it_says_from_when_on(when: str, until: str, by: str) -> None:
    answer = ask_call(standing("TH", when=at(when), call_hours=EVENINGS), InvoiceNow())

    assert isinstance(answer, Postpone)
    assert at(until) == answer.until
    assert str(answer.rule).startswith(by)
    assert "17:00" not in answer.why  # it is the person's, and histories keep it


def test_within_them_it_may_be_made_until_they_are_over() -> None:
    evening = standing("TH", when=at("04-02 18:30"), call_hours=EVENINGS)

    assert ALLOW is ask_call(evening, InvoiceNow())
    assert at("04-02 19:00") == call_closes(evening, evening.at)
    assert evening.at + HOUR == call_closes(evening, evening.at + HOUR)
    assert at("04-03 17:00") == next_call(evening, evening.at + HOUR)


def test_a_call_back_is_made_at_the_moment_that_the_customer_named() -> None:
    named = at("04-03 10:00")
    at_ten = standing("TH", when=named, call_hours=EVENINGS)
    late = standing("TH", when=named + NAMED_FOR, call_hours=EVENINGS)
    night = standing("TH", when=at("04-03 06:00"), call_hours=EVENINGS)

    assert ALLOW is ask_call(at_ten, InvoiceNow(), named)
    assert named + NAMED_FOR == call_closes(at_ten, named, named)
    assert isinstance(ask_call(at_ten, InvoiceNow()), Postpone)
    assert isinstance(ask_call(late, InvoiceNow(), named), Postpone)
    assert isinstance(ask_call(night, InvoiceNow(), night.at), Postpone)  # it has to be lawful


def test_hours_that_are_never_lawful_let_nobody_call() -> None:
    answer = ask_call(standing("TH", call_hours=read("mon-sun 03:00-05:00")), InvoiceNow())

    assert isinstance(answer, Refuse)
    assert STATED_HOURS == answer.rule
    assert next_call(standing("TH", call_hours=read("mon-sun 03:00-05:00")), NOON) is None


def queued(hours: str) -> tuple[Life, list[CallTask]]:
    lived = live(a_case(policy=CALLS, call_hours=read(hours) if hours else ()))
    return lived, [effect.task for _, effect in lived.acts if isinstance(effect.task, CallTask)]


def test_the_task_has_all_lawful_hours_and_none_that_tells_of_the_customers_wish() -> None:
    """What they want may be newer than the decision, and a history keeps what it has."""
    _, [free] = queued("")
    _, [bound] = queued("mon-fri 17:00-19:00")

    assert (free.as_of, free.windows) == (bound.as_of, bound.windows)


def test_where_no_hour_is_left_the_step_is_refused_and_the_case_goes_on() -> None:
    """Day 1 is a Tuesday, and good for three days: no Saturday is among them."""
    lived, tasks = queued("sat 10:00-12:00")
    [why] = [why for key, why in lived.skips if key == KEY]
    ruling = rule(a_case(policy=CALLS, call_hours=read("sat 10:00-12:00")), NOON)

    assert [] == tasks
    assert "no call within 3 days in the hours in which the customer wants to be called" in why
    assert [STATED_HOURS] == [entry.rule for entry in ruling.entries if entry.step == KEY]
    assert lived.case.closed
    longer = a_policy({"day": 1, "do": [{"call": {"valid_days": 5}}]}, *TIMELINE[2:])
    now = knowing("sat 10:00-12:00", policy=longer)
    [step] = [one for one in now.steps if isinstance(one, CallStep)]
    assert ALLOW is step.asks(now)


def test_who_has_stated_nothing_is_called_as_before() -> None:
    plain, unheard = knowing(""), Situation(a_case(policy=CALLS), CALLS, Circumstances(), NOON)

    assert call_windows(plain, NOON, NOON + DAY) == call_windows(unheard, NOON, NOON + DAY)
    assert datetime(2030, 4, 2, 5, tzinfo=UTC) == NOON
    assert next_call(plain, NOON) == NOON


@pytest.mark.parametrize("text", ["mon 1٧:00-1٩:00", "mon １7:00-19:00"])
def test_digits_of_other_scripts_are_no_clock(text: str) -> None:
    days, clocks = text.split(" ")
    start, end = clocks.split("-")
    with pytest.raises(ValueError, match="write them like"):
        read(text)
    with pytest.raises(ValidationError):
        CallTime(days=(Day(days),), start=start, end=end)
