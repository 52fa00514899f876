"""A case, its policy and its circumstances at one moment: what every question of the planner is about.

What follows from them is worked out once for each situation, however many steps ask.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar

from domain.calendar import LONGEST_DAY, local
from domain.case import Attempt, Case, Circumstances, StepState
from domain.consent import UNKNOWN_HOURS
from domain.ending import End, end_of
from domain.gates import ALLOW, Answer, Postpone, Refuse, strictest
from domain.policy import Policy
from domain.rules.gates import GATES
from domain.schedule import Schedule, Slot, schedule_of
from domain.sources import steps_of
from domain.steps import Channel, Step

T = TypeVar("T")

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_DONE = StepState.DONE
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
        self.schedule: Schedule = schedule_of(case, policy, circumstances.holidays)
        self._of_policy: dict[str, Step] = {}
        self._answers: dict[str, Answer] = {}
        self.put_off: dict[str, Postpone] = {}  # step → what puts it off, of those that were asked about
        self.puts_off = bool(GATES or case.unfinished or case.put_off)  # whether rules may move a step

    def with_case(self, case: Case) -> "Situation":
        """The same moment for a case that is a little further."""
        return Situation(case, self.policy, self.circumstances, self.at)

    def local(self, at: datetime) -> datetime:
        """The customer's wall clock."""
        return local(at, self.case.zone)

    @once
    def today(self) -> date:
        return self.local(self.at).date()

    @once
    def end(self) -> End | None:
        """How the case ends, when that is decided; None while it goes on."""
        return end_of(self)

    @once
    def steps(self) -> list[Step]:
        """Every step that is still to be done, from every source that goes on in spite of the case's holds."""
        return steps_of(self)

    @once
    def near(self) -> list[Step]:
        """Those of the steps that may be due by now: enough to see what is, at less cost."""
        return steps_of(self, near=True)

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
    def possible_now(self) -> list[Step]:
        """Those of the near ones that can be done as things stand."""
        return self._not_refused(self.near)

    def _not_refused(self, steps: list[Step]) -> list[Step]:
        ask = self.ask
        return [step for step in steps if (answer := ask(step)) is ALLOW or not isinstance(answer, Refuse)]

    @once
    def closed_channels(self) -> dict[Channel, str]:
        """Channel → why it is closed to this customer, as any case was told."""
        known, told = self.circumstances.closed_channels, self.case.closed_channels
        found = {**known, **told} if known and told else known or told
        return found if self.case.facts.place_known else {**UNKNOWN_HOURS, **found}

    @once
    def awaits_customer(self) -> bool:
        """Nothing is charged until the payment method changed or the customer authenticated."""
        return self.case.awaits_customer

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
        """When the case ends unless it is paid: never sooner than the notice period after the final notice."""
        return self.schedule.end(self.warned_at or self._warning_due)

    @property
    def timeline_is_over(self) -> bool:
        """Whether the timeline's last step was done."""
        return self.schedule.end_key in self.case.steps

    def slot_of(self, step: Step) -> Slot | None:
        """Where the policy has it; None for steps that no policy names."""
        return self.schedule.entries.get(step.key)

    def steps_of_policy(self, until: datetime | None = None) -> list[Step]:
        """The policy's steps that are neither done, skipped nor refused, in its order; those due by a moment at least.

        No step is due before its place in the schedule, and none waits for one of a later place.
        """
        done = self.case.steps
        slots = self.schedule.slots if until is None else self.schedule.slots_until(until)
        made = self._of_policy
        return [made.get(slot.key) or self.step_at(slot) for slot in slots if slot.key not in done]

    def step_at(self, slot: Slot) -> Step:
        """The step of one place of the policy, as it stands now."""
        step = self._of_policy.get(slot.key)
        if step is None:
            step = slot.form.step(self, slot)
            step = self._of_policy[slot.key] = self.planned(step) if self.puts_off else step
        return step

    def said_by(self, slot: Slot) -> datetime:
        """The moment by which the messages that stand before it in its entry have gone out, or will have."""
        moment, done = slot.due, self.case.steps
        for other in slot.after:
            record = done.get(other.key)
            if record is None:
                said = self.step_at(other).due
            elif record.state is _DONE:
                said = record.at  # it may have waited for a working day
            else:
                continue
            moment = said if said > moment else moment
        return moment

    def contact_from(self, day: int, start: datetime) -> datetime:
        """The first moment from `start` on at which the customer may be contacted, for a step of that day."""
        return self.schedule.contact_from(day, start)

    def ask(self, step: Step) -> Answer:
        """What the step's own kind and every gate say to it at its due time, or now when that is past."""
        key = step.key
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = self._asked(step) if GATES else step.asks(self)
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
        put_off = self.not_before(step)
        start = due if due > at else at
        return step.opens(self, start if put_off is None or put_off <= start else put_off)

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
        if not GATES:
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
        return strictest((step.asks(self), *(gate(self, step) for gate in GATES)))

    @property
    def warned_at(self) -> datetime | None:
        """When the first final notice went out; None when none has."""
        done = self.case.steps
        records = [record for slot in self.schedule.warnings if (record := done.get(slot.key))]
        return min([record.at for record in records if record.state is _DONE], default=None)

    @property
    def _warning_due(self) -> datetime | None:
        """When the final notice will go out, if one is still to come."""
        done = self.case.steps
        coming = [self.step_at(slot).due for slot in self.schedule.warnings if slot.key not in done]
        if not coming:
            return None
        first = min(coming)
        return first if first > self.at else self.at
