"""Charges: the tries of the timeline, the quick ones after a technical fault, and the one with a new method."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from domain.base import Message, unchecked
from domain.calendar import LONGEST_DAY, day_in_words
from domain.case import Attempt, Case, ChargeOutcome, Hold, HoldReason, StepState, new_attempt
from domain.changes import (
    PROCESSING_LIMIT,
    begun,
    changed,
    declined,
    ended,
    hold,
    invoice_is,
    not_made,
    other_declined,
    put_off,
    recovered,
    said,
    stopped,
)
from domain.declines import RETRYABLE, Decline, DeclineClass, Reason
from domain.forms import Form
from domain.gates import ALLOW, Answer, Postpone, Refuse, Stopped
from domain.invoice import InvoiceNow, MethodRef
from domain.kinds.outside_payment import OutsidePaymentStep
from domain.money import Money
from domain.outgoing import StepSkipped
from domain.paid import came_in
from domain.reasons import cause
from domain.record import new_entry
from domain.retries import RetryOwner
from domain.rules.invoice import Aim, CancelledSubscription
from domain.steps import AttemptKind, Step
from domain.tasks import Task

if TYPE_CHECKING:
    from domain.schedule import Slot
    from domain.situation import Situation

_TIMELINE, _NEW_METHOD, _OTHER = AttemptKind.TIMELINE, AttemptKind.NEW_METHOD, AttemptKind.OTHER_METHOD
_ORDERED = AttemptKind.ORDERED
_DAY = timedelta(days=1)
_GRACE = timedelta(hours=1)
"""By how much a payday may be too early: two tries of the same hour differ by their jitter and by a slow answer."""
_NO_FUNDS = Reason.INSUFFICIENT_FUNDS
_MOST_NUMBERS = 3
"""Under how many numbers one step is tried when the provider stores failures of its own under each."""
_BETWEEN_NUMBERS = timedelta(hours=1)
"""From the second number on: a provider that fails so often needs a while."""


class ChargeTask(Task):
    """Charge what remains of the invoice, at most once under this attempt number."""

    attempt: int
    kind: AttemptKind
    method: int  # how often the payment method had changed
    refused: tuple[MethodRef, ...] = ()  # of another method on file: not these
    do_not_honor: DeclineClass = DeclineClass.RETRY_LATER
    after_cancellation: bool = False  # charge also when the subscription was ended


new_task = unchecked(ChargeTask)


class ChargeResult(Message):
    outcome: ChargeOutcome
    invoice: InvoiceNow = InvoiceNow()  # after the attempt, as the provider says
    decline: Decline | None = None  # DECLINED
    why: str = ""
    postponed: Postpone | None = None  # POSTPONED: by which rule, and until when
    stopped: Stopped | None = None  # STOPPED: by what
    # Whose attempt it was, when not this task's: an earlier step's with the same number, unanswered until now.
    step: str | None = None
    kind: AttemptKind | None = None


class ChargeStep(Step):
    """One charge attempt on the payment method that the provider would charge."""

    name: ClassVar[str] = "charge"
    attempt_kind: AttemptKind
    number: int = 0  # of the quick tries: the first, the second, …

    activity: ClassVar[str] = "charge"
    task_type: ClassVar[type[Task]] = ChargeTask
    result_type: ClassVar[type[Message]] = ChargeResult
    comes_first: ClassVar[bool] = True
    one_at_a_time: ClassVar[bool] = True

    @property
    def aim(self) -> Aim:
        return Aim.CHARGE

    @property
    def title(self) -> str:
        match self.attempt_kind:
            case AttemptKind.TECHNICAL:
                return "quick retry after a technical fault"
            case AttemptKind.NEW_METHOD:
                return "try with the new payment method"
            case AttemptKind.OTHER_METHOD:
                return "try with another payment method on file"
            case AttemptKind.ORDERED:
                return "try that an operator ordered"
        return f"retry {self.when}"

    @property
    def _of_new_method(self) -> bool:
        return self.attempt_kind is _NEW_METHOD

    @property
    def _of_other_method(self) -> bool:
        return self.attempt_kind is _OTHER

    @property
    def weight(self) -> tuple[Any, ...]:
        """The newest, but a new payment method before all."""
        return self._of_new_method, self._of_other_method, self.due, self.day

    @property
    def may_be_left_out(self) -> bool:
        return not (self._of_new_method or self._of_other_method)

    def asks(self, now: "Situation") -> Answer:
        kind = self.attempt_kind
        if now.case.retry_owner is RetryOwner.STRIPE:
            return Refuse(why="Stripe makes all tries", rule=f"retries-owner@{now.case.policy}")
        if now.case.facts.contested:
            why = "the customer won a dispute over this payment: they may pay it, and nothing is charged"
            return Refuse(why=why, rule="contested")
        if kind in (_NEW_METHOD, _OTHER):
            return _one_more_today(now)
        if now.awaits_customer:
            return Refuse(
                why=f"no charge until the payment method changes or the customer authenticates ({cause(now.case)})"
            )
        most = now.policy.retries.max_attempts
        if kind in (_TIMELINE, _ORDERED) and len(now.counting) >= most:
            return Refuse(why=f"all {most} attempts of the policy are used")
        if kind is _ORDERED and (wait := _asked_to_wait(now)):
            return wait
        if kind is _ORDERED and len(_same_day(now, now.at)) >= now.policy.retries.max_per_day:
            until = now.schedule.on(now.today + _DAY, now.schedule.last)
            why = "the policy's tries of this day are made"
            return Postpone(until=until, why=why, rule=f"tries-per-day@{now.case.policy}")
        return ALLOW

    def waits_for(self, other: Step, at: datetime, now: "Situation") -> bool:
        """What was paid outside is recorded first: else it would be charged once more."""
        return other.comes_first and isinstance(other, OutsidePaymentStep)

    def timely(self, now: "Situation") -> datetime:
        return _free_since(now, self.due)

    def why(self, now: "Situation") -> str:
        retries = now.policy.retries
        match self.attempt_kind:
            case AttemptKind.NEW_METHOD:
                return "one try at once: the payment method changed or the customer authenticated"
            case AttemptKind.OTHER_METHOD:
                return f"by policy another one on file is tried: {cause(now.case)}"
            case AttemptKind.TECHNICAL:
                return f"quick retry {self.number} of {len(retries.quick)}: {cause(now.case)}"
            case AttemptKind.ORDERED:
                return f"ordered by an operator: {cause(now.case)}"
        # Counted are the tries that can still come: a policy may allow more than its timeline has.
        done, over = len(now.counting), now.case.steps
        left = [key for key in now.schedule.counting if key not in over]
        number = done + 1 + (left.index(self.key) if self.key in left else 0)
        most = max(number, min(retries.max_attempts, done + len(left)))
        return f"retry {number} of {most}: {cause(now.case)}{_moved(now, self)}"

    def task(self, now: "Situation", why: str) -> ChargeTask:
        return new_task(
            **self.common(now, why),
            attempt=now.case.next_attempt_number,
            kind=self.attempt_kind,
            method=now.case.method_changes,
            refused=tuple(d.raw.method for d in now.case.refused if d.raw.method) if self._of_other_method else (),
            do_not_honor=now.policy.retries.do_not_honor,
            after_cancellation=now.policy.cancelled_subscription is CancelledSubscription.GO_ON,
        )

    def book(self, case: Case, task: Task, result: Any, at: datetime) -> Case:
        assert isinstance(task, ChargeTask) and isinstance(result, ChargeResult)  # noqa: S101, PT018 - by the registry
        if result.postponed:
            return put_off(case, self, result.postponed, at)
        if result.stopped:
            case = stopped(case, self, result.stopped, at, "not charged")
            return invoice_is(case, result.invoice, at, self.key)
        step, kind, method = self, task.kind, task.method
        if result.step and result.step != self.key:
            # The number was an earlier step's, whose answer came only now: this step is still to be done.
            kind, method = result.kind or kind, case.method_tried
            step = self.model_copy(update={"key": result.step, "attempt_kind": kind})
        spent = 0
        if result.outcome is ChargeOutcome.KEY_SPENT:
            spent = sum(1 for a in case.attempts if a.step == step.key and a.outcome is ChargeOutcome.KEY_SPENT)
            if spent + 1 >= _MOST_NUMBERS:
                why = f"the provider failed under {spent + 1} numbers, and charged under none"
                result = result.but(outcome=ChargeOutcome.REFUSED, why=why)
        if case.ours(task.attempt):
            # News of it was faster than its answer, and has told the case.
            case = ended(case, step, StepState.DONE, at, result.why or str(result.outcome))
            return invoice_is(case, result.invoice, at, step.key)
        decline = result.decline
        attempt = new_attempt(
            number=task.attempt,
            kind=kind,
            at=task.as_of,
            outcome=result.outcome,
            method=method,
            decline_class=decline.decline_class if decline else None,
            code=decline.code if decline else None,
            step=step.key,
        )
        tried = case.tried_method if kind is _OTHER else result.invoice.method or case.tried_method
        case = changed(case, attempts=(*case.attempts, attempt), tried_method=tried)
        if result.outcome is ChargeOutcome.KEY_SPENT:
            case = not_made(case, step, result.why, at, at + spent * _BETWEEN_NUMBERS)
            return invoice_is(case, result.invoice, at, step.key)
        return step.answered(case, result, at)

    def lost(self, case: Case) -> Case:
        return case if self.key in case.steps else begun(case, self)

    def answered(self, case: Case, result: ChargeResult, at: datetime) -> Case:
        """The case after the answer to an attempt that it knows."""
        decline, outcome, key = result.decline, result.outcome, self.key
        entry = None
        if outcome is ChargeOutcome.DECLINED and decline:
            entry = new_entry(at=at, step=key, what="declined", why=decline.code)
        elif outcome is ChargeOutcome.REFUSED:
            entry = new_entry(at=at, step=key, what="refused", why=result.why)
        state = StepState.REFUSED if outcome is ChargeOutcome.REFUSED else StepState.DONE
        case = ended(case, self, state, at, result.why or str(outcome), entry=entry)
        match outcome:
            case ChargeOutcome.PAID:
                # That it was paid, the attempt's own event tells.
                paid = changed(came_in(case, result.invoice.paid)[0], due=Money(amount=0, currency=case.due.currency))
                return recovered(paid, "our charge went through", at, self.key)
            case ChargeOutcome.DECLINED if decline and self._of_other_method:
                # It is the answer to that method alone: what stands in the way of the invoice's own still does.
                case = other_declined(case, decline, at)
            case ChargeOutcome.DECLINED if decline:
                case = declined(case, decline, at)
            case ChargeOutcome.PROCESSING:
                until = at + PROCESSING_LIMIT
                pending = Hold(
                    reason=HoldReason.PAYMENT_PROCESSING, since=at, until=until, note="bank debit on its way"
                )
                return hold(case, pending, at, self.key)
            case ChargeOutcome.NOT_OPEN:
                event = StepSkipped(kind=self.kind)
                case = said(case, new_entry(at=at, step=self.key, what="not charged", why=result.why, event=event))
            case ChargeOutcome.REFUSED if self._of_new_method:
                case = changed(case, decline=None)  # the old answer was about the old payment method
        return invoice_is(case, result.invoice, at, self.key)


new_step = unchecked(ChargeStep)


class ChargeForm(Form):
    word: ClassVar[str] = "charge"
    makes: ClassVar[tuple[type[Step], ...]] = (ChargeStep,)
    counts: ClassVar[bool] = True

    def step(self, now: "Situation", slot: "Slot") -> ChargeStep:
        due, known = _charge_due(now, slot), now.schedule.steps
        sign = slot.key if due is slot.due else (slot.key, due)
        step: ChargeStep | None = known.get(sign)
        if step is None:
            step = new_step(key=slot.key, due=due, day=slot.entry.day, attempt_kind=_TIMELINE)
            known[sign] = step
        return step


def _charge_due(now: "Situation", slot: "Slot") -> datetime:
    """When a try of the timeline is made: on its day, on a payday near it, when the network allows, once a day."""
    due, decline = slot.due, now.case.decline
    if decline is not None:
        if decline.reason is _NO_FUNDS and decline.decline_class in RETRYABLE:
            due = _payday(now, slot) or due
        if decline.not_before:
            due = max(due, decline.not_before)
    if due >= now.days_free_from:
        return due
    # A try that is late is made today: today's tries count, not those of the day that it was meant for.
    while len(_same_day(now, due)) >= now.policy.retries.max_per_day:
        due = now.schedule.on(now.schedule.date(max(due, now.at)) + _DAY, slot.entry)
    return due


def _free_since(now: "Situation", due: datetime) -> datetime:
    """The first moment from `due` on, a day later each time, whose day has room by the tries that were made on it."""
    date, most = now.schedule.date, now.policy.retries.max_per_day
    while due <= now.at and sum(date(one.at) == date(due) for one in now.counting) >= most:
        due += _DAY
    return due


def _one_more_today(now: "Situation") -> Answer:
    """Immediate tries have a bound per day: cards that are tried one after the other are a thief's or a mistake's."""
    most = now.policy.retries.new_methods_per_day
    made = [attempt for attempt in now.case.our_attempts if attempt.kind in (_NEW_METHOD, _OTHER)]
    today = [attempt for attempt in made[-most:] if now.local(attempt.at).date() == now.today]
    if len(today) < most:
        return ALLOW
    until = now.schedule.on(now.today + timedelta(days=1), now.schedule.last)
    why = f"{most} changed payment methods were tried today"
    return Postpone(until=until, why=why, rule=f"new-methods-per-day@{now.case.policy}")


def _asked_to_wait(now: "Situation") -> Postpone | None:
    """A try of the timeline is planned by the network's wish, a quick one as well; an order comes at any time."""
    decline = now.case.decline
    if decline is None or decline.not_before is None or decline.not_before <= now.at:
        return None
    return Postpone(until=decline.not_before, why=f"the network asked to wait ({decline.code})", rule=decline.rule)


def _same_day(now: "Situation", due: datetime) -> list[Attempt]:
    """The tries that were made on the customer's day on which this one would be."""
    made = max(due, now.at)
    near = [attempt for attempt in now.counting if made - attempt.at < LONGEST_DAY]
    if not near:
        return near
    date = now.schedule.date
    return [attempt for attempt in near if date(attempt.at) == date(made)]


def _payday(now: "Situation", slot: "Slot") -> datetime | None:
    """The next likely payday for this try, before its next neighbour on the timeline."""
    schedule, entry, retries = now.schedule, slot.entry, now.policy.retries
    start, end = schedule.kept(("neighbour", slot.key), lambda: _room(now, slot))
    if end is None:
        return None
    earliest = (now.case.declined_at or now.case.facts.opened_at) + retries.payday_min_wait - _GRACE
    while start <= end and schedule.on(start, entry) < earliest:
        start += _DAY
    found = retries.paydays.first_in(start, end)
    return schedule.on(found, entry) if found else None


def _room(now: "Situation", slot: "Slot") -> tuple[date, date | None]:
    """The days on which a try can be made, from its own to the one before its neighbour; None: it has none.

    None behind a day on which something is taken away: messages name that day and the try before it, and whoever pays
    by the try keeps all.
    """
    schedule, entry = now.schedule, slot.entry
    later = [e for e in now.policy.timeline if e.day > entry.day]
    neighbours = [e for e in later if any(form.counts for form in e.do)] or later
    if not neighbours:
        return schedule.date_of(entry), None
    takes = [e for e in now.policy.timeline if e.day >= entry.day and any(form.needs_a_message for form in e.do)]
    ends = [schedule.date_of(neighbours[0]) - _DAY, *(schedule.date_of(e) for e in takes[:1])]
    return schedule.date_of(entry), min(ends)


def _moved(now: "Situation", step: ChargeStep) -> str:
    """Why the try is made later than its day."""
    slot = now.slot_of(step)
    if slot is None or step.due <= slot.due:
        return ""
    decline = now.case.decline
    known = now.case.unfinished.get(step.key)
    if known and known.rule and known.not_before == step.due:
        return f", put off by {known.rule}"
    if decline and decline.not_before and step.due == decline.not_before:
        return ", the network asked to wait"
    here = now.local(step.due)
    payday = now.policy.retries.paydays.first_in(here.date(), here.date())
    if payday and decline and decline.reason is Reason.INSUFFICIENT_FUNDS:
        return f", likely payday {day_in_words(here)}"
    return ", one try a day"
