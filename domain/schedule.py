"""When the entries of a policy fall due for one case. Follows from the case's opening, its zone and its holds alone."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from typing import Any, NamedTuple, TypeVar

from domain.calendar import Hours, at_local, local
from domain.case import Case, Facts
from domain.forms import Form
from domain.ids import spread
from domain.policy import Policy, TimelineEntry
from domain.rules.local_law import NO_LAW, HoursHere, LocalLaw
from domain.steps import Channel, Step

_MOST_KEPT = 1024  # each has some 25 kB once its case is asked about

T = TypeVar("T")


class Slot(NamedTuple):
    """One step of the policy at its place in one case's time."""

    place: int  # 0, 1, … in the policy's order
    key: str
    form: Form
    entry: TimelineEntry
    due: datetime  # UTC, with this case's jitter; what stands in the way comes on top


class Schedule:
    """The policy's days as this case has them. Nothing of it is stored: it follows from what is given."""

    def __init__(
        self,
        policy: Policy,
        facts: Facts,
        shift_days: int,
        holidays: frozenset[date],
        zones: tuple[str, ...],
        law: LocalLaw = NO_LAW,
    ) -> None:
        """`zones`, `holidays` and `law` are those by which the customer is contacted."""
        self.policy = policy
        self._facts = facts
        self._holidays = holidays
        self._zones = zones
        self._given_law = law
        self.law = law.without(policy.contacts.set_aside) if law.rules else law
        # With the channel whose own they are; None: they are those of all.
        self._hours: dict[Channel, tuple[Hours, Channel | None]] = {}
        if not law.rules:
            self._hours = dict.fromkeys(Channel, (policy.contacts.hours, None))
        self.zone = facts.time_zones[0]
        self.opened_on = local(facts.opened_at, self.zone).date()
        self._shift = shift_days
        self._limit = int(policy.jitter.total_seconds())
        self._jitters: dict[int, timedelta] = {}
        self._on: dict[tuple[date, int], datetime] = {}
        self.steps: dict[str | tuple[Any, ...], Any] = {}
        """Every step that was made, by its sign: its key alone where nothing stands in its way."""
        self.shown: dict[str, tuple[Step, Any]] = {}  # key → step, and how it is shown (domain/life.py)
        self._contacts: dict[tuple[int, datetime, Channel | None], datetime] = {}
        self._ends: dict[tuple[datetime | None, int], datetime] = {}
        self._days: dict[datetime, date] = {}
        self._slots_of: dict[type[Step], tuple[Slot, ...]] = {}
        self.slots: list[Slot] = []
        for entry in policy.timeline:
            self._add(entry)
        self.entries: dict[str, Slot] = {slot.key: slot for slot in self.slots}
        # From each place on, the first moment at which anything is planned: jitter can turn two days around.
        self.first_from = [*accumulate((slot.due for slot in reversed(self.slots)), min)][::-1]
        self.speaking = tuple([slot for slot in self.slots if slot.form.speaks])
        self.warnings = tuple([slot for slot in self.slots if slot.form.warns])
        self.counting = tuple([slot.key for slot in self.slots if slot.form.counts])
        self.last = policy.timeline[-1]
        self.end_key = next(slot.key for slot in self.slots if slot.form.ends)

    def follows_from(
        self,
        policy: Policy,
        facts: Facts,
        shift_days: int,
        holidays: frozenset[date],
        zones: tuple[str, ...],
        law: LocalLaw,
    ) -> bool:
        """Whether it is the schedule that these make."""
        return (
            self.policy is policy
            and self._given_law is law
            and self._shift == shift_days
            and self._holidays == holidays
            and self._zones == zones
            and (self._facts is facts or self._facts == facts)
        )

    def places_until(self, moment: datetime) -> int:
        """How many places are planned for `moment` or before, with those in between."""
        return bisect_right(self.first_from, moment)

    def places_before(self, moment: datetime) -> int:
        """How many of them are planned before it."""
        return bisect_left(self.first_from, moment)

    def slots_of(self, kind: type[Step]) -> tuple[Slot, ...]:
        """Every place whose step may be of a kind."""
        known = self._slots_of.get(kind)
        if known is None:
            known = self._slots_of[kind] = tuple(s for s in self.slots if kind in s.form.makes or not s.form.makes)
        return known

    def date_of(self, entry: TimelineEntry) -> date:
        """The local date of an entry, holds included."""
        return self.opened_on + timedelta(days=entry.day + self._shift)

    def _add(self, entry: TimelineEntry) -> None:
        due = self.on(self.date_of(entry), entry)
        for form in entry.do:
            slot = Slot(len(self.slots), step_key(entry, form), form, entry, due)
            self.slots.append(slot)

    def on(self, day: date, entry: TimelineEntry) -> datetime:
        """The moment of an entry's time of day on another date, with this case's jitter (UTC)."""
        known = self._on.get((day, entry.day))
        if known is None:
            clock: time = entry.at or self.policy.time_of_day
            known = self._on[day, entry.day] = at_local(day, clock, self.zone) + self.jitter(entry.day)
        return known

    def jitter(self, day: int) -> timedelta:
        """By how much this case is late on a day of the timeline, so that not all cases wake in the same second."""
        known = self._jitters.get(day)
        if known is None:
            known = self._jitters[day] = timedelta(seconds=spread(self._facts.invoice_id, f"d{day:02d}", self._limit))
        return known

    def kept(self, sign: tuple[Any, ...], make: Callable[[], T]) -> T:
        """What `make` makes, a step mostly, made once for each sign: whatever it depends on has to be in there."""
        made: T | None = self.steps.get(sign)
        if made is None:
            made = self.steps[sign] = make()
        return made

    def hours(self, channel: Channel) -> Hours:
        """The policy's hours on a channel, and those of the law."""
        return (self._hours.get(channel) or self._hours_of(channel))[0]

    def _hours_of(self, channel: Channel) -> tuple[Hours, Channel | None]:
        own = self.policy.contacts.hours
        here = self.law.hours_for(own, channel)
        self._hours[channel] = known = (here, channel) if here else (own, None)
        return known

    def contact_from(self, day: int, start: datetime, channel: Channel) -> datetime:
        """The first allowed contact moment from `start` on, with the jitter of a day of the timeline (UTC)."""
        hours, of = self._hours.get(channel) or self._hours_of(channel)
        sign = day, start, of
        known = self._contacts.get(sign)
        if known is None:
            known = hours.next_allowed(start, self._zones, self._holidays, self.jitter(day))
            self._contacts[sign] = known
        return known

    def why_closed(self, moment: datetime, channel: Channel) -> tuple[str, str | None]:
        """Why nothing may be said on a channel at a moment, and the rule of the law that says so, if one does."""
        hours = self.hours(channel)
        rule = hours.rule(moment, self._zones, self._holidays) if isinstance(hours, HoursHere) else None
        return hours.refusal(moment, self._zones, self._holidays) or "outside the contact hours", rule

    def closes_at(self, moment: datetime, channel: Channel) -> datetime:
        """When the hours that a moment falls into are over."""
        return self.hours(channel).closes_at(moment, self._zones, self._holidays)

    def end(self, warned: datetime | None, wait: int = 0) -> datetime:
        """When the case ends whose final notice goes out at a moment: never sooner than the notice period after it,
        nor than `wait` days."""
        known = self._ends.get((warned, wait))
        if known is None:
            known = self.entries[self.end_key].due
            if warned is not None:
                earliest = self.date(warned) + timedelta(days=max(self.policy.endgame.notice_days, wait))
                known = max(known, self.on(earliest, self.last))
            self._ends[warned, wait] = known
        return known

    def last_from(self, moment: datetime) -> datetime:
        """The first moment from `moment` on at the last entry's time of day."""
        day = self.date(moment)
        found = self.on(day, self.last)
        return found if found >= moment else self.on(day + timedelta(days=1), self.last)

    def date(self, at: datetime) -> date:
        """The customer's day at a moment."""
        known = self._days.get(at)
        if known is None:
            known = self._days[at] = local(at, self.zone).date()
        return known

    def day_of(self, at: datetime) -> int:
        """The day of the timeline that a moment falls on, for humans."""
        return (self.date(at) - self.opened_on).days


def step_key(entry: TimelineEntry, form: Form) -> str:
    """The key of a step of the policy: its day and its name. Unique by the policy's own validation."""
    return f"d{entry.day:02d}-{form.name}"


_kept: dict[str, Schedule] = {}


def schedule_of(
    case: Case, policy: Policy, holidays: frozenset[date], zones: tuple[str, ...], law: LocalLaw = NO_LAW
) -> Schedule:
    """The schedule of a case; worked out once for as long as nothing that it follows from changes."""
    facts = case.facts
    found = _kept.get(facts.invoice_id)
    if found is None or not found.follows_from(policy, facts, case.shift_days, holidays, zones, law):
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        found = _kept[facts.invoice_id] = Schedule(policy, facts, case.shift_days, holidays, zones, law)
    return found
