"""Calls in the lives of the domain alone: what was queued is tried at any hour, again and again, also too late."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from domain import events
from domain.calendar import local
from domain.call_hours import wanted
from domain.calls import CONVERSATIONS, CallResult
from domain.case import Case, Whereabouts
from domain.gates import Answer, Postpone, Refuse, Stopped, strictest
from domain.invoice import InvoiceNow
from domain.kinds.call import CallQueued, CallTask
from domain.kinds.handoff import begun_handoff
from domain.rules.calls import STATED_HOURS, ask_call, call_caps, no_hour
from domain.rules.contacts import COUNTED, ContactCaps
from domain.situation import Situation
from domain.steps import Channel
from domain.truth import MessageFacts, call_facts
from tests.lives.call_hours import Wants, unwanted_windows
from tests.lives.lawful import Said, unlawful_windows

PHONE = Channel.PHONE
MOVES = frozenset({CallResult.PROMISE, CallResult.PAY_LINK, CallResult.OPTED_OUT, CallResult.WRONG_NUMBER})
"""What came of a call that changes what comes next."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Waiting:
    """One call that waits for somebody."""

    task: CallTask
    call_from: datetime


@dataclass(frozen=True)
class Made:
    """One call as it was made: the case as it stood, what was said, and what came of it."""

    at: datetime
    case: Case
    task: CallTask
    facts: MessageFacts
    result: CallResult


@dataclass
class Caller:
    """Who calls in one life, and how the customer answers."""

    random: Random
    wants: Wants = field(default_factory=Wants)
    tries: list[tuple[datetime, Waiting]] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    late: list[str] = field(default_factory=list)  # what was not refused once the case was over
    shown: list[str] = field(default_factory=list)  # hours in which nobody may call

    def __post_init__(self) -> None:
        self.closed = {PHONE: "opted out"} if self.random.random() < 0.05 else {}

    def queued(
        self, task: CallTask, said: Sequence[Said], at: datetime, here: Whereabouts, holidays: frozenset[date]
    ) -> CallQueued:
        """What the ledger answers, by all that the customer has heard."""
        self.shown += unlawful_windows(task.windows, here, holidays)
        times = self.wants.at(task.as_of)
        windows = wanted(task.windows, times, task.zones) if times else task.windows
        self.shown += unwanted_windows(windows, times, here)
        if not windows and times:
            return CallQueued(refused=Stopped(why=no_hour((task.until - task.as_of).days), rule=STATED_HOURS))
        answer, start = _caps(task.caps, task, said, at), windows[0].start if windows else at
        start = max(start, answer.until) if isinstance(answer, Postpone) else start
        if isinstance(answer, Refuse) or start >= task.until:
            why = answer.why if isinstance(answer, Postpone | Refuse) else "no hour is left"
            return CallQueued(refused=Stopped(why=why))
        wait = int((task.until + _DAY - at).total_seconds() // 60)
        moments = [at + timedelta(minutes=self.random.randrange(1, wait)) for _ in range(self.random.randint(1, 4))]
        moments += [max(start, window.start) for window in self.random.sample(windows, 1)] if windows else []
        self.tries = sorted([*self.tries, *((moment, Waiting(task, start)) for moment in moments)], key=_at)
        return CallQueued()

    def next_at(self) -> datetime | None:
        return self.tries[0][0] if self.tries else None

    def call(self, now: Situation, said: Sequence[Said]) -> Made | None:
        """Takes the next call that waits, if it may be made now, as `service/calls.py` does."""
        _, waiting = self.tries.pop(0)
        task = waiting.task
        if not waiting.call_from <= now.at < task.until or _refused(ask_call(now, InvoiceNow())):
            return None
        if _refused(_caps(call_caps(now, task.until), task, said, now.at)):
            return None
        self.tries = [one for one in self.tries if one[1].task.step != task.step]
        result = self.random.choice(list(CallResult))
        made = Made(now.at, now.case, task, call_facts(now), result)
        self.made.append(made)
        return made

    def is_over(self, now: Situation) -> None:
        """The case has ended: whatever waits is refused."""
        self.late += [w.task.step for _, w in self.tries if not isinstance(ask_call(now, InvoiceNow()), Refuse)]

    def told(self, made: Made) -> events.CallReported:
        promised = local(made.at, made.case.zone).date() + timedelta(days=self.random.randint(0, 6))
        on = promised if made.result is CallResult.PROMISE else None
        return events.CallReported(event_id=f"c-{made.task.step}", step=made.task.step, result=made.result, on=on)


def heard(made: Made, here: Whereabouts) -> Said:
    """The call as the caps count it."""
    conversation = made.result in CONVERSATIONS
    return Said(made.at, PHONE, made.task.invoice_id, here, step=made.task.step, conversation=conversation)


def wrong_calls(caller: Caller) -> Iterator[str]:
    """What is wrong with the calls of a life, one sentence each; caps, and what was said, are asked elsewhere."""
    yield from caller.shown
    yield from (f"nobody is called once the case is over: {step}" for step in caller.late)
    for made in caller.made:
        case, what = made.case, f"{made.task.step} at {made.at}"
        if case.holds or case.closing or case.handoff or begun_handoff(case):
            yield f"nobody is called while the case stands still, or about one that is over: {what}"
        if caller.closed or PHONE in case.closed_channels:
            yield f"nobody is called who wants no calls: {what}"


def _caps(caps: ContactCaps, task: CallTask, said: Sequence[Said], at: datetime) -> Answer:
    times = [one.at for one in said if one.channel in COUNTED]
    return strictest((caps.lawfully(task.invoice_id, said, at), caps.ask(PHONE, times, at)))


def _refused(answer: Answer) -> bool:
    return isinstance(answer, Postpone | Refuse)


def _at(one: tuple[datetime, Waiting]) -> datetime:
    return one[0]
