"""A case, its policy and its circumstances at one moment: what every question of the planner is about.

What follows from them is worked out once for each situation, however many steps ask.
"""

from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import filterfalse
from operator import attrgetter
from typing import Any, Generic, TypeVar

from domain.calendar import LONGEST_DAY, local
from domain.case import Attempt, Case, Circumstances, StepState
from domain.consent import UNKNOWN_HOURS, together
from domain.declines import CUSTOMER_MUST_ACT
from domain.ending import End, end_of
from domain.gates import ALLOW, Answer, Postpone, Refuse, strictest
from domain.policy import Policy
from domain.rules.gates import gates_of
from domain.rules.law import Row
from domain.rules.lawful_consent import unlawful_channels
from domain.schedule import Schedule, Slot, schedule_of
from domain.sources import steps_of, unplanned
from domain.steps import Channel, Step
from domain.truth import MessageFacts

T = TypeVar("T")

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_DONE, _PLACE = StepState.DONE, attrgetter("place")
NEXT = 5
"""How many steps at least are looked at for what comes next; as many are shown (domain/life.py)."""
_MOST_RULES = 9
"""How often in a row one rule's "later" may be another one's "later still"."""


class once(Generic[T]):  # noqa: N801 - reads as a decorator
    """A property that is worked out when it is first asked for; `functools.cached_property` without its lock."""

    def __init__(self, work_out: Callable[[Any], T]) -> None:
        self._work_out = work_out
        self._name = work_out.__name__
        self.__doc__ = work_out.__doc__

    def __get__(self, instance: Any, _owner: type) -> T:
        found = instance.__dict__[self._name] = self._work_out(instance)
        return found


class Situation:
    """All that a decision is made of. `at` is the workflow's time (UTC)."""

    def __init__(self, case: Case, policy: Policy, circumstances: Circumstances, at: datetime) -> None:
        self.case = case
        self.policy = policy
        self.circumstances = circumstances
        # One zone for all: moments of one zone are compared at a tenth of the cost.
        self.at: datetime = at if at.tzinfo is UTC else at.astimezone(UTC)
        self.schedule: Schedule = schedule_of(case, policy, circumstances.holidays, self.zones, circumstances.law)
        self._of_policy: dict[str, Step] = {}
        self._answers: dict[str, Answer] = {}
        self.put_off: dict[str, Postpone] = {}  # step → what puts it off, of those that were asked about
        self._gates = gates_of(case, circumstances)
        self.puts_off = bool(self._gates or case.unfinished or case.put_off)  # whether rules may move a step
        self.said: MessageFacts | None = None  # what a message says that is sent now (domain/truth.py)

    def with_case(self, case: Case) -> "Situation":
        """The same moment for a case that is a little further."""
        return Situation(case, self.policy, self.circumstances, self.at)

    @once
    def zones(self) -> tuple[str, ...]:
        """By whose hours the customer is contacted: those of the place where they are now."""
        here = self.circumstances.whereabouts
        return here.time_zones if here else self.case.facts.time_zones

    def local(self, at: datetime) -> datetime:
        """The wall clock of the case."""
        return local(at, self.case.zone)

    @once
    def today(self) -> date:
        return self.schedule.date(self.at)

    @once
    def end(self) -> End | None:
        """How the case ends, when that is decided; None while it goes on."""
        return end_of(self)

    @once
    def left(self) -> list[Slot]:
        """The places of the policy whose steps are neither done, skipped nor refused, in its order.

        No step is due before its place in the schedule, and none waits for one of a later place.
        """
        entries = self.schedule.entries
        return [*map(entries.__getitem__, filterfalse(self.case.steps.__contains__, entries))]

    @once
    def unplanned(self) -> tuple[list[Step], list[Step] | None]:
        """The steps that no policy names, in two parts: see `domain/sources.py`."""
        return unplanned(self)

    @once
    def steps(self) -> list[Step]:
        """Every step that is still to be done, from every source that goes on in spite of the case's holds."""
        return steps_of(self, self.left)

    @once
    def near(self) -> list[Step]:
        """Those of the steps that may be due by now: enough to see what is, at less cost."""
        return steps_of(self, self._left_before(self.schedule.places_until(self.at)))

    def _left_before(self, place: int) -> list[Slot]:
        return self.left[: bisect_left(self.left, place, key=_PLACE)]

    @once
    def later_from(self) -> datetime | None:
        """No step but the next few is due before this moment; None: there are no others."""
        # One that rules put off leaves its place.
        if self.puts_off or len(self.left) <= NEXT:
            return None
        first_from = self.schedule.first_from
        places = self.schedule.places_until(first_from[self.left[NEXT - 1].place])
        return first_from[places] if places < len(first_from) else None

    @once
    def due(self) -> list[Step]:
        """Those whose time has come."""
        at = self.at
        return [step for step in self.near if step.due <= at]

    @once
    def possible(self) -> list[Step]:
        """Those of the steps that can be done as things stand."""
        return self._not_refused(self.steps)

    @once
    def possible_next(self) -> list[Step]:
        """Those of the next few steps that can be done as things stand: mostly enough to see what comes next."""
        if self.later_from is None:
            return self.possible
        return self._not_refused(steps_of(self, self._left_before(self.schedule.places_before(self.later_from))))

    @once
    def possible_now(self) -> list[Step]:
        """Those of the near ones that can be done as things stand."""
        return self._not_refused(self.near)

    def first(self, kind: type[Step], moment: Callable[[Step], datetime | None]) -> datetime | None:
        """The first of the moments of the steps of a kind that can be done as things stand; None: there is none.

        `moment`: of one step, no sooner than it is due; None when it does not count.
        """
        before, after = self.unplanned
        first = None
        if others := [step for step in (*before, *(after or ())) if type(step) is kind]:
            first = min([at for step in self._not_refused(others) if (at := moment(step))], default=None)
        done = self.case.steps
        for slot in self.schedule.slots_of(kind) if after is not None else ():
            if slot.key in done:
                continue
            if first and first <= self.schedule.first_from[slot.place]:
                break
            step = self.step_at(slot)
            at = moment(step) if type(step) is kind and self.refusal(step) is None else None
            first = at if at and (first is None or at < first) else first
        return first

    def _not_refused(self, steps: list[Step]) -> list[Step]:
        ask = self.ask
        return [step for step in steps if (answer := ask(step)) is ALLOW or type(answer) is not Refuse]

    @once
    def closed_channels(self) -> dict[Channel, str]:
        """Channel → why it is closed: to everybody, or to this customer, as any case was told."""
        known, told = self.circumstances.closed_channels, self.case.closed_channels
        found = together(known, told) if known and told else known or told
        if not (self.case.facts.place_known or self.circumstances.whereabouts):
            found = {**UNKNOWN_HOURS, **found}
        if (law := self.schedule.law).rules:
            day, wanted = local(self.at, self.zones[0]).date(), self.policy.contacts
            unlawful = unlawful_channels(law, day, self.circumstances.opted_in, wanted.registered)
            found = {**unlawful, **found} if unlawful else found
        # A customer's wish says more: who wants no e-mail gets no SMS in its place either.
        to_everybody = self.circumstances.installation.closed_channels
        return {**to_everybody, **found} if to_everybody else found

    @once
    def awaits_customer(self) -> bool:
        """Nothing is charged until the payment method changed or the customer authenticated."""
        return self.case.decline_class in CUSTOMER_MUST_ACT

    @once
    def method_spent(self) -> bool:
        """Whether only another payment method can be charged, by the rules of the one on file."""
        limit, case = self.circumstances.limit, self.case
        return limit is not None and limit.spent and case.method_changes <= case.method_tried

    @once
    def counting(self) -> tuple[Attempt, ...]:
        """The attempts that use up the policy's budget."""
        return self.case.counting_attempts

    @once
    def days_free_from(self) -> datetime:
        """From when on no local day has one of them."""
        return max([attempt.at for attempt in self.counting], default=_LONG_AGO) + LONGEST_DAY

    @once
    def ends_at(self) -> datetime:
        """When the case ends unless it is paid: never sooner than the notice period after the final notice, and where
        Stripe makes the tries, never before its next one."""
        warned = self.warned_at or self._warning_due
        wait = row.wait.days if warned and (row := self.collections_wait(warned)) and row.wait else 0
        ends, clear = self.schedule.end(warned, wait), self.case.takes_nothing_before
        ends = ends if clear is None or clear <= ends else self.schedule.last_from(clear)
        # Once the law has put it off, customers know that date: who moves away is not given less time.
        told = self.case.put_off.get(self.schedule.end_key) if self.case.put_off else None
        return max(ends, told) if told else ends

    def collections_wait(self, warned: datetime) -> Row | None:
        """What the law says of the days between the final notice, made at a moment, and the agency."""
        collections = self.policy.endgame.collections
        if not self.schedule.law.rules or collections is None:
            return None
        to_agency = self.case.handoff_ordered or collections.accepts(self.case.due)
        return self.schedule.law.collections_wait(self.schedule.date(warned)) if to_agency else None

    @property
    def timeline_is_over(self) -> bool:
        """Whether the timeline's last step was done."""
        return self.schedule.end_key in self.case.steps

    def slot_of(self, step: Step) -> Slot | None:
        """Where the policy has it; None for steps that no policy names."""
        return self.schedule.entries.get(step.key)

    def step_at(self, slot: Slot) -> Step:
        """The step of one place of the policy, as it stands now."""
        step = self._of_policy.get(slot.key)
        if step is None:
            step = slot.form.step(self, slot)
            step = self._of_policy[slot.key] = self.planned(step) if self.puts_off else step
        return step

    def said_by(self, slot: Slot) -> datetime:
        """The moment by which the messages of its day and of those before have gone out, or will have."""
        moment, done = slot.due, self.case.steps
        for other in self.schedule.speaking:
            if other.entry.day > slot.entry.day:
                break
            record = done.get(other.key)
            if record is None:
                step = self.step_at(other)
                goes = self._goes_at(step) if self.case.unfinished else step.due
                said = goes if goes > moment and self.refusal(step) is None else moment
            elif record.state is _DONE:
                said = record.at  # it may have waited for a working day
            else:
                continue
            moment = said if said > moment else moment
        return moment

    def _goes_at(self, step: Step) -> datetime:
        """When it is due, or its silent provider is asked again."""
        again = self.not_before(step)
        return step.opens(self, again) if again and again > step.due else step.due

    def announced(self, slot: Slot, days: int) -> datetime:
        """The moment of a place, so many local days after the first message before it that names its date."""
        first = self._first_said(slot.place) if days else None
        if first is None:
            return slot.due
        return self.schedule.on(self.schedule.date(first) + timedelta(days=days), slot.entry)

    def _first_said(self, before: int) -> datetime | None:
        """When the first of the policy's messages went out, or will, of those with a place before this one."""
        first, done = None, self.case.steps
        for slot in self.schedule.speaking:
            if slot.place >= before:
                break
            record = done.get(slot.key)
            if record is not None:
                said = record.at if record.state is _DONE and not record.unsure else None
            elif first and first <= slot.due:
                continue  # none is due before its place
            else:
                step = self.step_at(slot)
                # One that a rule or a provider held up goes out now at the soonest.
                said = max(step.due, self.at) if self.refusal(step) is None else None
            first = said if said and (first is None or said < first) else first
        return first

    def contacts_until(self, channel: Channel) -> datetime:
        """Until when the customer may be contacted today; now, when nobody may be."""
        return self.schedule.closes_at(self.at, channel)

    def contact_from(self, day: int, start: datetime, channel: Channel) -> datetime:
        """The first moment from `start` on at which the customer may be contacted, for a step of that day."""
        return self.schedule.contact_from(day, start, channel)

    def ask(self, step: Step) -> Answer:
        """What the step's own kind and every gate say to it at its due time, or now when that is past."""
        key = step.key
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = self._asked(step) if self._gates else step.asks(self)
            if answer is not ALLOW and isinstance(answer, Postpone):
                self.put_off[key] = answer
        return answer

    def refusal(self, step: Step) -> str | None:
        """Why the step cannot be done as things stand, or None. Only a new fact can change it, never time."""
        answer = self.ask(step)
        return answer.why if answer is not ALLOW and isinstance(answer, Refuse) else None

    def opens(self, step: Step) -> datetime:
        """The first moment from now on at which the step may be done: it is due, and nothing puts it off."""
        due, at = step.due, self.at
        start = due if due > at else at
        if self.puts_off or self._answers.get(step.key) is not ALLOW:
            start = max(start, self.not_before(step) or start)
        return step.opens(self, start)

    def not_before(self, step: Step) -> datetime | None:
        """Until when a gate or a silent provider puts the step off; None when neither does."""
        answer = self.ask(step)
        unfinished = self.case.unfinished
        known = unfinished.get(step.key) if unfinished else None
        if answer is ALLOW and known is None:
            return None
        moments = [answer.until] if isinstance(answer, Postpone) else []
        if known and known.not_before:
            moments.append(known.not_before)
        return max(moments, default=None)

    def planned(self, step: Step) -> Step:
        """The step as rules have it: one that they put off is due when all of them allow it."""
        if self._of_policy.get(step.key) is step:
            return step
        known = self.case.unfinished.get(step.key) if self.case.unfinished else None
        until = self.case.put_off.get(step.key) if self.case.put_off else None
        if known and known.rule and known.not_before:
            step = self._due_from(step, known.not_before)
        elif until and until <= self.at:
            # It waited for that moment, and is not late for what it was meant for before.
            step = self._due_from(step, until)
        if not self._gates:
            return step
        for _ in range(_MOST_RULES):
            answer = self._asked(step)
            if isinstance(answer, Postpone):
                self._answers[step.key] = self.put_off[step.key] = answer
            if not isinstance(answer, Postpone) or answer.until <= step.due:
                break
            step = self._due_from(step, answer.until)
        return step

    def _due_from(self, step: Step, until: datetime) -> Step:
        return step.but(due=step.opens(self, until)) if until > step.due else step

    def _asked(self, step: Step) -> Answer:
        return strictest((step.asks(self), *(gate(self, step) for gate in self._gates)))

    @property
    def warned_at(self) -> datetime | None:
        """When the first final notice went out, of those that certainly did; None when none has."""
        done = self.case.steps
        records = [done[slot.key] for slot in self.schedule.warnings if slot.key in done]
        if not records:
            return None
        return min([record.at for record in records if record.state is _DONE and not record.unsure], default=None)

    @once
    def warned_of_day(self) -> int | None:
        """The policy's day of the newest final notice that certainly went out; None when none has."""
        done = self.case.steps
        sent = ((slot.entry.day, done[slot.key]) for slot in self.schedule.warnings if slot.key in done)
        return max([day for day, record in sent if record.state is _DONE and not record.unsure], default=None)

    @property
    def _warning_due(self) -> datetime | None:
        """When the final notice will go out, if one is still to come."""
        done = self.case.steps
        slots = [slot for slot in self.schedule.warnings if slot.key not in done]
        if self.at >= self.schedule.entries[self.schedule.end_key].due:
            # One that its provider does not take is not waited for without end: a human is asked (domain/ending.py).
            slots = [slot for slot in slots if not (u := self.case.unfinished.get(slot.key)) or u.rule]
        coming = [self.step_at(slot).due for slot in slots]
        if not coming:
            return None
        first = min(coming)
        return first if first > self.at else self.at
