"""When a customer wants to be called, as they said: hours of some days of the week, by their own clock."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from domain.base import Frozen
from domain.calendar import local, while_clock_shows
from domain.calls import CallWindow

MOST = 7
NAMED_FOR = timedelta(hours=1)
"""Who names a moment to be called at expects the call within so long."""
_NEAR = timedelta(hours=1)
"""So long before and after an hour at which somebody answered they may answer again."""
_EXAMPLE = "mon-fri 17:00-19:00"
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"  # `\d` is also the digits of other scripts
_FORM = re.compile(rf"(?P<days>[a-z]{{3}}([-,][a-z]{{3}})*) (?P<start>{_TIME})-(?P<end>{_TIME})")
_BETWEEN = "; "

Span = tuple[datetime, datetime]


class Day(StrEnum):
    """A day of the week."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEK = tuple(Day)
_PLACE = {day: place for place, day in enumerate(WEEK)}
_Clock = Annotated[str, Field(pattern=f"^{_TIME}$", examples=["17:00"])]


class CallTime(Frozen):
    """The same hours on some days of the week: `start` is among them, `end` no longer is."""

    days: tuple[Day, ...] = Field(min_length=1, max_length=len(WEEK))
    start: _Clock
    end: _Clock

    @field_validator("days")
    @classmethod
    def _in_order(cls, days: tuple[Day, ...]) -> tuple[Day, ...]:
        if len(set(days)) < len(days):
            raise ValueError("names a day twice; name each once")
        return tuple(sorted(days, key=_PLACE.__getitem__))

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.start >= self.end:
            raise ValueError(_backwards(self.start, self.end))
        return self

    @property
    def text(self) -> str:
        """`mon-fri 17:00-19:00`."""
        runs = (first if first == last else f"{first}-{last}" for first, last in self.runs)
        return f"{','.join(runs)} {self.start}-{self.end}"

    @property
    def runs(self) -> list[tuple[Day, Day]]:
        """The first and the last day of each row of days that follow one another."""
        runs: list[tuple[Day, Day]] = []
        for day in self.days:
            if runs and _PLACE[runs[-1][1]] + 1 == _PLACE[day]:
                runs[-1] = runs[-1][0], day
            else:
                runs.append((day, day))
        return runs


class Part(StrEnum):
    """A part of every day, as customers choose them on their own page."""

    MORNING = "morning"
    MIDDAY = "midday"
    AFTERNOON = "afternoon"
    EVENING = "evening"


PARTS = {
    Part.MORNING: CallTime(days=WEEK, start="09:00", end="12:00"),
    Part.MIDDAY: CallTime(days=WEEK, start="12:00", end="14:00"),
    Part.AFTERNOON: CallTime(days=WEEK, start="14:00", end="18:00"),
    Part.EVENING: CallTime(days=WEEK, start="18:00", end="23:59"),
}

CallHours = Annotated[tuple[CallTime, ...], Field(min_length=1, max_length=MOST)]
"""All hours in which somebody wants to be called; they may overlap."""


def written(times: Sequence[CallTime]) -> str:
    """As the ledger keeps them: `mon-fri 17:00-19:00; sat 10:00-12:00`."""
    return _BETWEEN.join(each.text for each in times)


def read(text: str) -> tuple[CallTime, ...]:
    """What `written` wrote, or somebody by hand. Raises ValueError with one sentence."""
    found = tuple(_one(part.strip().lower()) for part in text.split(_BETWEEN.strip()))
    if len(found) > MOST:
        raise ValueError(f"{len(found)} hours are too many: name {MOST} at most.")
    return found


def stated(text: str | None) -> tuple[CallTime, ...]:
    """What the ledger holds of a customer; none where they have said nothing."""
    return read(text) if text else ()


def wanted(
    windows: Iterable[CallWindow], times: Sequence[CallTime], zones: Sequence[str], named: datetime | None = None
) -> tuple[CallWindow, ...]:
    """What of some windows is within the stated hours, in each of the zones in which the customer may be. `named`: a
    moment to be called at, which they named themselves: it and what follows for `NAMED_FOR` are among the hours."""
    found: list[Span] = []
    for window in windows:
        whole = [(window.start, window.end)]
        spans = whole
        for zone in zones:
            spans = _both(spans, _spans(times, window, zone))
        if named:
            spans = _joined([*spans, *_both(whole, [(named, named + NAMED_FOR)])])
        found += spans
    return tuple(CallWindow(start=start, end=end) for start, end in found)


def best_window(windows: Sequence[CallWindow], answered: Iterable[datetime], zone: str) -> CallWindow | None:
    """When a call is likely to be answered: the first of the windows around an hour of the day at which the customer
    answered before; the first one, where none is; None, where there is no window."""
    times = tuple(_around(local(at, zone)) for at in answered)
    near = wanted(windows, times, (zone,)) if times else ()
    return next(iter(near or windows), None)


def _backwards(start: str, end: str) -> str:
    return (
        f"{start} has to come before {end}; hours over midnight are two: 22:00-23:59 of one day, and 00:00-02:00 of "
        "the next"
    )


def _one(text: str) -> CallTime:
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError(f"{text!r} is not hours of a week: write them like {_EXAMPLE!r}.")
    days: list[Day] = []
    for part in form["days"].split(","):
        ends = part.split("-")
        if len(ends) > 2 or not set(ends) <= set(WEEK):
            raise ValueError(f"{part!r} is not days of a week: write them like 'mon-fri' or 'tue,sat'.")
        first, last = _PLACE[Day(ends[0])], _PLACE[Day(ends[-1])]
        days += [WEEK[(first + step) % len(WEEK)] for step in range((last - first) % len(WEEK) + 1)]
    if form["start"] >= form["end"]:
        raise ValueError(f"{text!r}: {_backwards(form['start'], form['end'])}.")
    return CallTime(days=tuple(dict.fromkeys(days)), start=form["start"], end=form["end"])


def _around(here: datetime) -> CallTime:
    """Every day at about the time of an answer, within its day."""
    clock = timedelta(hours=here.hour, minutes=here.minute)
    start, end = max(clock - _NEAR, timedelta(0)), min(clock + _NEAR, timedelta(hours=23, minutes=59))
    return CallTime(days=WEEK, start=_clock(start), end=_clock(end))


def _clock(since: timedelta) -> str:
    minutes = int(since.total_seconds()) // 60
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _spans(times: Sequence[CallTime], window: CallWindow, zone: str) -> list[Span]:
    """The moments of all stated hours on the local days of a window."""
    day, last = local(window.start, zone).date(), local(window.end, zone).date()
    found: list[Span] = []
    while day <= last:
        for each in times:
            if WEEK[day.weekday()] in each.days:
                clocks = time.fromisoformat(each.start), time.fromisoformat(each.end)
                found += while_clock_shows(day, *clocks, zone)
        day += timedelta(days=1)
    return _joined(found)


def _both(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    return sorted((max(a, c), min(b, d)) for a, b in some for c, d in others if max(a, c) < min(b, d))


def _joined(spans: Iterable[Span]) -> list[Span]:
    """In order, and those that touch as one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined
