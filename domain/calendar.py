"""Local time of a customer: allowed contact hours, paydays, the moment of a step. Pure functions of what is given."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any, NamedTuple, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, model_validator

from domain.base import Frozen

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONGEST_DAY = timedelta(hours=48)
"""No two moments this far apart are of one local day, whatever the clocks do: a day that is repeated included."""
_SEARCH_DAYS = 62
SUNDAY = 7  # ISO
_MEET_DAYS = 15  # zones without a common hour in two weeks have none


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local(moment: datetime, zone: str) -> datetime:
    """The wall-clock time of an aware `moment` in `zone` (IANA name)."""
    return moment.astimezone(_zone(zone))


def at_local(day: date, clock: time, zone: str) -> datetime:
    """The UTC moment at which the wall clock of `zone` shows `clock` on `day`.

    In the hour that summer time skips, the moment that would have been it before the change; in the hour that it
    repeats, the first of the two.
    """
    return _at(day, clock, _zone(zone))


@lru_cache(maxsize=4096)
def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    # The cases of a zone have their days and hours in common.
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def while_clock_shows(day: date, start: time, end: time, zone: str) -> Iterator[tuple[datetime, datetime]]:
    """The moments (UTC) of a local day at which the wall clock of `zone` shows a time from `start` to `end`. Exact in
    the hour that summer time skips or repeats, too: then there are none, or two spans."""
    begins, ends = at_local(day, time.min, zone), at_local(day + timedelta(days=1), time.min, zone)
    parts = [begins, *_clock_changes(begins, ends, zone), ends]
    for since, until in pairwise(parts):
        ahead = local(since, zone).utcoffset() or timedelta(0)
        opens, closes = (datetime.combine(day, clock, tzinfo=UTC) - ahead for clock in (start, end))
        if max(opens, since) < min(closes, until):
            yield max(opens, since), min(closes, until)


def _clock_changes(begins: datetime, ends: datetime, zone: str) -> list[datetime]:
    """When the clocks of a day are changed: at a whole second, and once at most."""
    before = local(begins, zone).utcoffset()
    low, high = 0, int((ends - begins).total_seconds()) - 1
    if high < 0 or local(begins + timedelta(seconds=high), zone).utcoffset() == before:
        return []
    while high - low > 1:
        middle = (low + high) // 2
        same = local(begins + timedelta(seconds=middle), zone).utcoffset() == before
        low, high = (middle, high) if same else (low, middle)
    return [begins + timedelta(seconds=high)]


def minute(at: datetime) -> str:
    """`2030-04-05 09:00`, by the clock that `at` has."""
    return at.isoformat(" ", "minutes")[:16]


def day_in_words(at: datetime) -> str:
    """`Fri 5 Apr`, whatever language the machine speaks."""
    return f"{_WEEKDAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]}"


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA time zone."""
    try:
        _zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _read_clock(value: Any) -> Any:
    # pydantic reads the number 18 as eighteen seconds past midnight, and would drop what a zone says.
    if isinstance(value, time) or re.fullmatch(r"\d\d:\d\d(:\d\d(\.\d+)?)?", str(value)):
        return value
    raise ValueError(f'{value!r} is not a time of day such as "10:00"')


Clock = Annotated[time, BeforeValidator(_read_clock)]
"""The time on a wall clock, as files state it: hours and minutes, without a zone."""


class Window(NamedTuple):
    """The open hours of one day by the wall clock: `start` is allowed, `end` no longer is."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}–{self.end:%H:%M}"

    def within(self, other: "Window") -> "Window | None":
        """The hours that both have."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Window(start, end) if start < end else None


ALL_DAY = Window(time.min, time.max)


class Hours:
    """Hours that have one window on each day, or none."""

    def window(self, day: date, holidays: frozenset[date]) -> Window | None:
        """When `day` is open; None when it is closed."""
        raise NotImplementedError

    def refusal(self, moment: datetime, zones: Iterable[str], holidays: frozenset[date]) -> str | None:
        """Why `moment` is not allowed, in one sentence, or None when it is.

        With several possible zones the moment has to be allowed in each of them.
        """
        for zone in zones:
            here = local(moment, zone)
            day = here.date()
            window = self.window(day, holidays)
            if window is None:
                return f"{day:%Y-%m-%d} is {_kind_of_day(day, holidays)} in {zone}"
            if not window.start <= here.time() < window.end:
                return f"{here:%H:%M} in {zone} is outside {window}"
        return None

    def next_allowed(
        self,
        moment: datetime,
        zones: tuple[str, ...],
        holidays: frozenset[date],
        spread: timedelta = timedelta(0),
    ) -> datetime:
        """The first allowed moment at or after `moment`; `moment` itself when it is allowed.

        A moment that had to move to an opening is moved by `spread` more (kept inside the hours), so that not
        everybody is written to in the second in which the window opens. When the zones never overlap, the first
        zone alone decides.
        """
        binding = self._binding(moment, zones, holidays)
        if self.refusal(moment, binding, holidays) is None:
            return moment
        for opening, closing in self._windows(moment, binding, holidays):
            start = max(opening, moment)
            room = closing - start - timedelta(minutes=1)
            later = start + max(timedelta(0), min(spread, room))
            # A change of the clock inside the hours can make the end of a window a moment that is refused.
            for candidate in (later, start):
                if self.refusal(candidate, binding, holidays) is None:
                    return candidate
        raise ValueError(f"no allowed contact hour within {_SEARCH_DAYS} days of {moment:%Y-%m-%d}")

    def closes_at(self, moment: datetime, zones: tuple[str, ...], holidays: frozenset[date]) -> datetime:
        """When the window that `moment` falls into closes; `moment` itself when it falls into none."""
        for opening, closing in self._windows(moment, self._binding(moment, zones, holidays), holidays):
            return closing if opening <= moment else moment
        return moment

    def between(
        self, start: datetime, end: datetime, zones: tuple[str, ...], holidays: frozenset[date]
    ) -> list[tuple[datetime, datetime]]:
        """The allowed hours between two moments, in order (UTC)."""
        found = []
        for opening, closing in self._windows(start, self._binding(start, zones, holidays), holidays):
            if opening >= end:
                break
            found.append((max(opening, start), min(closing, end)))
        return found

    def _binding(self, moment: datetime, zones: tuple[str, ...], holidays: frozenset[date]) -> tuple[str, ...]:
        """The zones that all have to agree: the first one alone when they never do."""
        return zones if len(zones) == 1 or any(self._windows(moment, zones, holidays, _MEET_DAYS)) else zones[:1]

    def _windows(
        self, moment: datetime, zones: tuple[str, ...], holidays: frozenset[date], days: int = _SEARCH_DAYS
    ) -> Iterator[tuple[datetime, datetime]]:
        """The windows that are open in all zones, in order, from the one that `moment` falls into or before."""
        first = local(moment, zones[0]).date()
        for offset in range(days):
            day = first + timedelta(days=offset)
            spans = self._spans((day,), zones[0], holidays)
            for zone in zones[1:]:
                # On the other side of the date line it is yesterday or tomorrow at the same moment.
                near = (day - timedelta(days=1), day, day + timedelta(days=1))
                others = self._spans(near, zone, holidays)
                spans = [(max(a, c), min(b, d)) for a, b in spans for c, d in others if max(a, c) < min(b, d)]
            yield from ((opening, closing) for opening, closing in spans if closing > moment)

    def _spans(self, days: Iterable[date], zone: str, holidays: frozenset[date]) -> list[tuple[datetime, datetime]]:
        return [
            (at_local(day, window.start, zone), at_local(day, window.end, zone))
            for day in days
            if (window := self.window(day, holidays))
        ]


class ContactHours(Hours, Frozen):
    """When a customer may be contacted, by a policy. `start` is allowed, `end` no longer is (local time)."""

    start: Clock
    end: Clock
    sundays: bool
    public_holidays: bool

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.start >= self.end:
            raise ValueError(f"hours: start ({self.start:%H:%M}) has to come before end ({self.end:%H:%M})")
        return self

    def window(self, day: date, holidays: frozenset[date]) -> Window | None:
        if (not self.sundays and day.isoweekday() == SUNDAY) or (not self.public_holidays and day in holidays):
            return None
        return Window(self.start, self.end)


def _kind_of_day(day: date, holidays: frozenset[date]) -> str:
    if day.isoweekday() == SUNDAY:
        return "a Sunday"
    return "a public holiday" if day in holidays else f"a {_WEEKDAYS[day.weekday()]}"


class Paydays(Frozen):
    """When money is likely to be in an account again (rules.md 5: a prior, not a fact)."""

    days_of_month: tuple[Annotated[int, Field(ge=1, le=31)], ...] = ()
    weekdays: tuple[Annotated[int, Field(ge=1, le=7)], ...] = ()  # ISO: 1 = Monday … 7 = Sunday

    def first_in(self, start: date, end: date) -> date | None:
        """The first likely payday from `start` to `end`, both included."""
        for offset in range((end - start).days + 1):
            day = start + timedelta(days=offset)
            if day.day in self.days_of_month or day.isoweekday() in self.weekdays:
                return day
        return None
