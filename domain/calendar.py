"""Local time of a customer: allowed contact hours, paydays, the moment of a step. Pure functions of what is given."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.base import Frozen

_SEARCH_DAYS = 62


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
    return datetime.combine(day, clock, tzinfo=_zone(zone)).astimezone(UTC)


class ContactHours(Frozen):
    """When a customer may be contacted. `start` is allowed, `end` no longer is (local time)."""

    start: time
    end: time
    sundays: bool
    public_holidays: bool

    def refusal(self, moment: datetime, zones: Iterable[str], holidays: frozenset[date]) -> str | None:
        """Why `moment` is not allowed, in one sentence, or None when it is.

        With several possible zones the moment has to be allowed in each of them.
        """
        for zone in zones:
            here = local(moment, zone)
            if not self.start <= here.time() < self.end:
                return f"{here:%H:%M} in {zone} is outside {self.start:%H:%M}–{self.end:%H:%M}"
            if why := self._closed(here.date(), holidays):
                return f"{why} in {zone}"
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
        if self.refusal(moment, zones, holidays) is None:
            return moment
        for candidates in (zones, zones[:1]):
            for opening, closing in self._windows(moment, candidates, holidays):
                start = max(opening, moment)
                room = closing - start - timedelta(minutes=1)
                return start + max(timedelta(0), min(spread, room))
        raise ValueError(f"no allowed contact hour within {_SEARCH_DAYS} days of {moment:%Y-%m-%d}")

    def closes_at(self, moment: datetime, zones: tuple[str, ...], holidays: frozenset[date]) -> datetime:
        """When the window that `moment` falls into closes; `moment` itself when it falls into none."""
        if self.refusal(moment, zones, holidays):
            return moment
        return min(at_local(local(moment, zone).date(), self.end, zone) for zone in zones)

    def _windows(
        self, moment: datetime, zones: tuple[str, ...], holidays: frozenset[date]
    ) -> Iterable[tuple[datetime, datetime]]:
        """The windows that are open in all zones, in order, from the one that `moment` falls into or before."""
        first = local(moment, zones[0]).date()
        for offset in range(_SEARCH_DAYS):
            day = first + timedelta(days=offset)
            if self._closed(day, holidays):
                continue
            opening = max(at_local(day, self.start, zone) for zone in zones)
            closing = min(at_local(day, self.end, zone) for zone in zones)
            if opening < closing and closing > moment:
                yield opening, closing

    def _closed(self, day: date, holidays: frozenset[date]) -> str | None:
        if not self.sundays and day.isoweekday() == 7:
            return f"{day:%Y-%m-%d} is a Sunday"
        if not self.public_holidays and day in holidays:
            return f"{day:%Y-%m-%d} is a public holiday"
        return None


class Paydays(Frozen):
    """When money is likely to be in an account again (rules.md 5: a prior, not a fact)."""

    days_of_month: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()  # ISO: 1 = Monday … 7 = Sunday

    def first_in(self, start: date, end: date) -> date | None:
        """The first likely payday from `start` to `end`, both included."""
        for offset in range((end - start).days + 1):
            day = start + timedelta(days=offset)
            if day.day in self.days_of_month or day.isoweekday() in self.weekdays:
                return day
        return None
