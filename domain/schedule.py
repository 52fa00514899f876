"""When the entries of a policy fall due for one case. Follows from the case's opening, its zone and its holds alone."""

from bisect import bisect_right
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from typing import Any, NamedTuple, TypeVar

from domain.calendar import at_local, local
from domain.case import Case, Facts
from domain.forms import Form
from domain.ids import spread
from domain.policy import Policy, TimelineEntry
from domain.steps import Step

_MOST_KEPT = 1024  # each has some 25 kB once its case is asked about

S = TypeVar("S", bound=Step)


class Slot(NamedTuple):
    """One step of the policy at its place in one case's time."""

    key: str
    form: Form
    entry: TimelineEntry
    due: datetime  # UTC, with this case's jitter; what stands in the way comes on top
    after: "tuple[Slot, ...]"  # the messages that stand before it in its entry


class Schedule:
    """The policy's days as this case has them. Nothing of it is stored: it follows from what is given."""

    def __init__(self, policy: Policy, facts: Facts, shift_days: int, holidays: frozenset[date]) -> None:
        self.policy = policy
        self._zones = facts.time_zones
        self._holidays = holidays
        self.zone = facts.time_zones[0]
        self.opened_on = local(facts.opened_at, self.zone).date()
        self._invoice = facts.invoice_id
        self._shift = shift_days
        self._limit = int(policy.jitter.total_seconds())
        self._jitters: dict[int, timedelta] = {}
        self._on: dict[tuple[date, int], datetime] = {}
        self.steps: dict[str | tuple[Any, ...], Any] = {}
        """Every step that was made, by its sign: its slot's key where nothing stands in its way, else whatever makes it
        another one besides."""
        self._contacts: dict[tuple[int, datetime], datetime] = {}
        self._ends: dict[datetime | None, datetime] = {}
        self.slots = tuple(slot for entry in policy.timeline for slot in self._slots(entry))
        self.entries: dict[str, Slot] = {slot.key: slot for slot in self.slots}
        # From each place on, the first moment at which anything is planned: jitter can turn two days around.
        self._first_from = [*accumulate((slot.due for slot in reversed(self.slots)), min)][::-1]
        self.warnings = tuple(slot for slot in self.slots if slot.form.warns)
        self.last = policy.timeline[-1]
        self.end_key = next(slot.key for slot in self.slots if slot.form.ends)

    def slots_until(self, moment: datetime) -> tuple[Slot, ...]:
        """Every place that is planned for `moment` or before, with those in between."""
        return self.slots[: bisect_right(self._first_from, moment)]

    def date_of(self, entry: TimelineEntry) -> date:
        """The local date of an entry, holds included."""
        return self.opened_on + timedelta(days=entry.day + self._shift)

    def _slots(self, entry: TimelineEntry) -> list[Slot]:
        slots: list[Slot] = []
        for form in entry.do:
            said = tuple(slot for slot in slots if slot.form.speaks)
            slots.append(Slot(step_key(entry, form), form, entry, self.on(self.date_of(entry), entry), said))
        return slots

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
            known = self._jitters[day] = timedelta(seconds=spread(self._invoice, f"d{day:02d}", self._limit))
        return known

    def kept(self, sign: tuple[Any, ...], make: Callable[[], S]) -> S:
        """The step that `make` makes, made once for each sign: whatever its fields depend on has to be in there."""
        step: S | None = self.steps.get(sign)
        if step is None:
            step = self.steps[sign] = make()
        return step

    def contact_from(self, day: int, start: datetime) -> datetime:
        """The first allowed contact moment from `start` on, with the jitter of a day of the timeline (UTC)."""
        known = self._contacts.get((day, start))
        if known is None:
            hours = self.policy.contacts.hours
            known = hours.next_allowed(start, self._zones, self._holidays, self.jitter(day))
            self._contacts[day, start] = known
        return known

    def end(self, warned: datetime | None) -> datetime:
        """When the case ends whose final notice goes out at a moment: never sooner than the notice period after it."""
        known = self._ends.get(warned)
        if known is None:
            known = self.entries[self.end_key].due
            if warned is not None:
                earliest = local(warned, self.zone).date() + timedelta(days=self.policy.endgame.notice_days)
                known = max(known, self.on(earliest, self.last))
            self._ends[warned] = known
        return known

    def day_of(self, at: datetime) -> int:
        """The day of the timeline that a moment falls on, for humans."""
        return (local(at, self.zone).date() - self.opened_on).days


def step_key(entry: TimelineEntry, form: Form) -> str:
    """The key of a step of the policy: its day and its name. Unique by the policy's own validation."""
    return f"d{entry.day:02d}-{form.name}"


_kept: dict[tuple[Any, ...], Schedule] = {}


def schedule_of(case: Case, policy: Policy, holidays: frozenset[date]) -> Schedule:
    """The schedule of a case; worked out once for as long as nothing that it follows from changes."""
    facts = case.facts
    key = (case.policy.digest, facts.invoice_id, facts.opened_at, facts.time_zones, case.shift_days, holidays)
    found = _kept.get(key)
    if found is None or found.policy is not policy:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        found = _kept[key] = Schedule(policy, facts, case.shift_days, holidays)
    return found
