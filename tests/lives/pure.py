"""Lives of the domain alone: any policy, any answers, any news, in any order. Ten times as many as with a ledger.

Providers may refuse for ever or never answer. What is asked of each life: that it ends in time, that nothing happens
while a payment is on its way, that no end comes without a notice or a human, and that nobody is contacted against the
law of the place where they are, wherever they move, and nothing is done to somebody who is protected.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from domain import events, life
from domain.base import Message
from domain.case import Case, ChargeOutcome, Circumstances, HoldReason
from domain.decisions import Act, Close, Effect, Wait
from domain.declines import CUSTOMER_MUST_ACT, DeclineClass
from domain.gates import Postpone, Refuse
from domain.invoice import InvoiceNow, InvoiceState, MethodRef, SubscriptionState
from domain.kinds.call import CallQueued, CallTask
from domain.kinds.charge import ChargeResult
from domain.kinds.handoff import HandoffResult
from domain.kinds.message import ContactOutcome, ContactState, ContactTask, MessageStep
from domain.policy import Policy
from domain.rules.invoice import Aim
from domain.situation import Situation
from domain.steps import WRITTEN, Channel, Stage
from domain.tasks import Done
from tests.domain.builders import a_decline, of_class, policy_of, usd
from tests.lives.call_hours import Wants, unwanted_calls
from tests.lives.calling import MOVES, Caller, heard, wrong_calls
from tests.lives.closings import Closings
from tests.lives.kept import About, Account, Changed, untrue
from tests.lives.lawful import Said, Traveller, unlawful
from tests.lives.protected import Guardian
from tests.lives.pure_policies import a_new_case

_MOST_DECISIONS = 3_000
_SLACK = timedelta(days=10)
"""Contact hours, Sundays and holidays (4 days), and the pauses after a provider's silence."""
_BY_LAW = timedelta(days=31)
"""The longest wait before collections, and caps by which a final notice waits for room."""
_WENT_OUT = (ContactState.SENT, ContactState.UNKNOWN)


@dataclass
class PureLife:
    case: Case
    now: datetime
    stood_still: timedelta = timedelta(0)
    asked: bool = False
    acts: list[tuple[datetime, Case, Effect]] = field(default_factory=list)
    silent: timedelta = timedelta(0)  # how long providers did not answer
    traveller: Traveller | None = None
    said: list[Said] = field(default_factory=list)
    free: frozenset[date] = frozenset()
    guardian: Guardian | None = None
    account: Account = field(default_factory=lambda: Account("UTC"))
    caller: Caller = field(default_factory=lambda: Caller(Random(0)))
    closings: Closings = field(default_factory=lambda: Closings("UTC"))


def live_purely(seed: int) -> PureLife:
    """One life. Raises AssertionError when it does not end."""
    random = Random(seed)
    case = a_new_case(random)
    policy = policy_of(case)
    lived = PureLife(case, case.facts.opened_at, account=Account(case.zone), closings=Closings(case.zone))
    caller = lived.caller = Caller(Random(f"caller {seed}"), Wants.drawn(Random(f"call hours {seed}"), lived.now))
    guardian = lived.guardian = Guardian(Random(f"guardian {seed}"), lived.now)
    news = sorted((*_news(random, lived.now), *guardian.news()), key=lambda one: one[0])
    habits = _Habits(random)
    free = frozenset(date(2030, 4, 1) + timedelta(days=random.randrange(40)) for _ in range(random.randrange(5)))
    traveller = lived.traveller = Traveller(Random(f"place {seed}"), lived.now, free)
    lived.free = free
    for moved in traveller.moves:
        lived.account.changed(moved, Changed.MOVED)
    for begun_or_over in guardian.moments:
        lived.account.changed(begun_or_over, Changed.PROTECTED)

    def around(at: datetime) -> Circumstances:
        closed = habits.closed | caller.closed
        return traveller.circumstances(at, closed).but(protections=guardian.at(at), call_hours=caller.wants.at(at))

    for _ in range(_MOST_DECISIONS):
        while news and news[0][0] <= lived.now:
            _, name, message = news.pop(0)
            lived.case = _told(lived.case, name, message, lived.now)
            lived.account.changed(lived.now, Changed.TOLD)
        ruling = life.decide(lived.case, policy, around(lived.now), lived.now)
        decision = ruling.decided.decision
        lived.case = life.settled(lived.case, lived.case, ruling.decided)
        if ruling.decided.occasion:
            lived.closings.say(ruling.decided.occasion, lived.case, policy, around, lived.now, lived.said)
        match decision:
            case Close():
                caller.is_over(Situation(lived.case, policy, around(lived.now), lived.now))
                return lived
            case Act():
                _carry_out(lived, decision, habits)
            case Wait():
                lived.asked = lived.asked or decision.hold is not None
                if not _called(lived, policy, around):
                    _wait(lived, decision, news, random)
    raise AssertionError("it does not end")


def _called(lived: PureLife, policy: Policy, around: Callable[[datetime], Circumstances]) -> bool:
    """Somebody calls while the case rests, and the case hears what came of it. False: nobody does now."""
    caller = lived.caller
    while (when := caller.next_at()) and when <= lived.now:
        made = caller.call(Situation(lived.case, policy, around(lived.now), lived.now), lived.said)
        if made and lived.traveller:
            lived.said.append(heard(made, lived.traveller.here(lived.now)))
            lived.account.calls(lived.now, made.task.step, made.facts)
            if made.result in MOVES:
                lived.account.changed(lived.now, Changed.TOLD)
            lived.case = _told(lived.case, "call_reported", caller.told(made), lived.now)
            return True
    return False


def _wait(lived: PureLife, wait: Wait, news: list[tuple[datetime, str, Message]], random: Random) -> None:
    wakes = [when for when in (wait.until, news[0][0] if news else None, lived.caller.next_at()) if when]
    if not wakes:
        # Nobody and nothing else releases it: a human does, or the dispute's end.
        news.append((lived.now + timedelta(hours=random.randint(1, 200)), *_release(lived.case)))
        wakes = [news[0][0]]
    assert wait.until is None or wait.until > lived.now, "it waits for what is past, again and again"
    until = max(lived.now + timedelta(seconds=1), min(wakes))
    if lived.case.holds:
        lived.stood_still += until - lived.now
        lived.account.changed(lived.now, Changed.HELD)
        lived.account.changed(until, Changed.HELD)
    lived.now = until


def _release(case: Case) -> tuple[str, Message]:
    reasons = {hold.reason for hold in case.holds}
    assert reasons, "it waits for ever, and for nobody"
    if HoldReason.DISPUTE in reasons:
        return "dispute_closed", events.DisputeClosed(event_id=f"r{case.disputes}", outcome=events.DisputeOutcome.WON)
    return "resume", events.Resume()


def _told(case: Case, name: str, message: Message, at: datetime) -> Case:
    try:
        return life.hear(case, name, message, at)
    except ValueError as refusal:
        return life.not_understood(case, str(refusal), at)


def _carry_out(lived: PureLife, act: Act, habits: "_Habits") -> None:
    before, started = lived.case, lived.now
    lived.now += timedelta(seconds=1)
    for effect in act.effects:
        lived.acts.append((started, before, effect))
        result = _lawfully(lived, effect, started) or _queued(lived, effect, started)
        result = result or habits.answer(effect, before, started)
        _note_what_was_said(lived, effect, result, started)
        if result is None:
            lived.now = max(lived.now, started + timedelta(hours=1))
            lived.silent += timedelta(hours=13)
            lived.case = life.unanswered(lived.case, effect, lived.now, "no answer")
        else:
            lived.case = life.book(lived.case, effect, result, lived.now)
        _account_for(lived, before, effect, result, started)


def _lawfully(lived: PureLife, effect: Effect, at: datetime) -> ContactOutcome | None:
    """What the ledger answers before anything is sent, by all that the customer has heard."""
    task = effect.task
    if not isinstance(task, ContactTask) or task.caps is None:
        return None
    match task.caps.lawfully(task.invoice_id, lived.said, at):
        case Postpone() as later:
            return ContactOutcome(state=ContactState.POSTPONED, postponed=later)
        case Refuse() as refused:
            return ContactOutcome(state=ContactState.REFUSED, why=refused.why)
    return None


def _queued(lived: PureLife, effect: Effect, at: datetime) -> CallQueued | None:
    if not isinstance(effect.task, CallTask) or lived.traveller is None:
        return None
    return lived.caller.queued(effect.task, lived.said, at, lived.traveller.here(at), lived.free)


def _note_what_was_said(lived: PureLife, effect: Effect, result: Any, at: datetime) -> None:
    """A message without an answer may have gone out."""
    went = result is None or (isinstance(result, ContactOutcome) and result.state in _WENT_OUT)
    if isinstance(effect.step, MessageStep) and went and lived.traveller:
        here = lived.traveller.here(at)
        same = [one for one in lived.said if one.step == effect.step.key]
        if not same:  # its provider is asked again, and sends it once
            said = Said(at, effect.step.channel, effect.task.invoice_id, here, step=effect.step.key)
            lived.said.append(said)


def _account_for(lived: PureLife, before: Case, effect: Effect, result: Any, at: datetime) -> None:
    account = lived.account
    account.does(at, before, effect, result)
    lived.closings.does(at, effect, result)
    if isinstance(effect.task, ContactTask) and isinstance(result, ContactOutcome):
        if result.state is ContactState.SENT:
            account.says(at, effect.task)
        else:
            account.changed(at, Changed.LEFT_OUT)
    elif result is None:
        account.changed(at, Changed.SILENT)
    elif isinstance(result, ChargeResult) and result.outcome is not ChargeOutcome.DECLINED:
        account.changed(at, Changed.LEFT_OUT)
    elif isinstance(result, ChargeResult) and lived.case.decline_class in CUSTOMER_MUST_ACT:
        account.changed(at, Changed.ANSWERED, frozenset({About.LIMIT}))


class _Habits:
    """What providers and banks answer in one life."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._never = {channel for channel in WRITTEN if random.random() < 0.1}
        self._silence = random.choice([0.0, 0.0, 0.05, 0.3])
        self._declines = random.choices(
            [
                of_class(DeclineClass.RETRY_LATER),
                of_class(DeclineClass.RETRY_NOW),
                of_class(DeclineClass.NEW_METHOD),
                of_class(DeclineClass.AUTHENTICATE),
                of_class(DeclineClass.MERCHANT),
                of_class(DeclineClass.NEVER),
                of_class(DeclineClass.FIX_DATA),
                of_class(DeclineClass.RETRY_LATER, max_tries=2),
                a_decline("insufficient_funds"),
            ],
            k=3,
        )
        self.closed: dict[Channel, str] = {c: "opted out" for c in WRITTEN if random.random() < 0.06}

    def answer(self, effect: Effect, case: Case, at: datetime) -> Any:
        """None: nobody answers."""
        random, step = self._random, effect.step
        if isinstance(step, MessageStep) and step.channel in self._never:
            return None
        if random.random() < self._silence:
            return None
        if step.result_type is ChargeResult:
            return self._charged(at)
        if isinstance(step, MessageStep):
            return self._contacted(case)
        kind = step.result_type
        assert issubclass(kind, Done)
        return HandoffResult(reference="a-1") if kind is HandoffResult else kind()

    def _charged(self, at: datetime) -> ChargeResult:
        pick = self._random.random()
        if pick < 0.05:
            return ChargeResult(outcome=ChargeOutcome.PAID)
        if pick < 0.12:
            return ChargeResult(outcome=ChargeOutcome.PROCESSING, invoice=InvoiceNow(paying=True))
        if pick < 0.2:
            return ChargeResult(outcome=ChargeOutcome.KEY_SPENT, why="used up")
        if pick < 0.25:
            return ChargeResult(outcome=ChargeOutcome.REFUSED, why="a ceiling")
        if pick < 0.3:
            later = Postpone(until=at + timedelta(hours=self._random.randint(1, 60)), why="a ceiling", rule="r")
            return ChargeResult(outcome=ChargeOutcome.POSTPONED, postponed=later, why="a ceiling")
        return ChargeResult(outcome=ChargeOutcome.DECLINED, decline=self._random.choice(self._declines))

    def _contacted(self, case: Case) -> ContactOutcome:
        pick = self._random.random()
        if pick < 0.08:
            return ContactOutcome(state=ContactState.UNKNOWN)
        if pick < 0.16:
            return ContactOutcome(state=ContactState.UNREACHABLE, why="no address")
        if pick < 0.2:
            return ContactOutcome(state=ContactState.REFUSED, why="too often")
        if pick < 0.25:
            return ContactOutcome(state=ContactState.SENT, invoice=InvoiceNow(remaining=case.due))
        return ContactOutcome(state=ContactState.SENT)


def _news(random: Random, opened: datetime) -> Iterator[tuple[datetime, str, Message]]:
    def later() -> datetime:
        return opened + timedelta(minutes=random.randrange(45 * 1440))

    for number in range(random.choice([0, 0, 1, 2, 3, 5, 8])):
        for name, message in _one(random, f"e{number}"):
            yield later(), name, message


def _one(random: Random, key: str) -> list[tuple[str, Message]]:
    """One thing that happens, as the one or two facts in which a case hears of it, which come in any order."""
    pick = random.choice("pptvmmadDubscoxrkyn")
    if pick == "v":
        return [
            ("invoice_changed", events.InvoiceChanged(event_id=f"{key}a", paying=True)),
            ("invoice_changed", events.InvoiceChanged(event_id=f"{key}b", paying=False)),
        ]
    if pick in "dD":
        closed = random.choice(list(events.DisputeOutcome))
        return [
            ("dispute_opened", events.DisputeOpened(event_id=f"{key}a", dispute_id=key)),
            ("dispute_closed", events.DisputeClosed(event_id=f"{key}b", dispute_id=key, outcome=closed)),
        ]
    amount = usd(str(random.randint(1, 60)))
    report = events.ContactReported(
        event_id=key, channel=random.choice(list(WRITTEN)), result=random.choice(list(events.ContactResult))
    )
    method = MethodRef(id=f"pm{random.randrange(3)}")
    changed = {"event_id": key}
    known: dict[str, tuple[str, Message]] = {
        "p": ("payment_received", events.PaymentReceived(event_id=key, amount=amount, remaining=usd("40"))),
        "t": ("payment_received", events.PaymentReceived(event_id=key, amount=amount)),
        "m": ("payment_method_changed", events.PaymentMethodChanged(event_id=key, method=method)),
        "a": (
            "payment_method_changed",
            events.PaymentMethodChanged(event_id=key, change=events.MethodChange.AUTHENTICATED),
        ),
        "u": ("invoice_changed", events.InvoiceChanged(**changed, state=InvoiceState.UNCOLLECTIBLE)),
        "b": ("contact_reported", report),
        "s": ("settle", events.Settle(amount=usd("1"), paid=random.random() < 0.5)),
        "c": ("invoice_changed", events.InvoiceChanged(**changed, subscription=SubscriptionState.ENDED)),
        "o": ("pause", events.Pause()),
        "x": ("write_off", events.WriteOff()),
        "r": ("resume", events.Resume()),
        "k": ("agency_reported", events.AgencyReported(event_id=key, report=random.choice(list(events.AgencyReport)))),
        "y": ("invoice_changed", events.InvoiceChanged(**changed, verifying=random.random() < 0.5)),
        "n": ("invoice_changed", events.InvoiceChanged(**changed, customer_deleted=True)),
    }
    return [known[pick]]


def wrong_purely(lived: PureLife) -> Iterator[str]:
    """What is wrong with a life, one sentence each, beginning with the name of the property."""
    yield from _late(lived)
    yield from (f"nothing that a message said became false: {why}" for why in untrue(lived.account, lived.now))
    yield from (f"nobody is contacted against the law: {why}" for why in unlawful(lived.said, lived.free))
    yield from wrong_calls(lived.caller)
    yield from unwanted_calls(lived.caller, lived.traveller)
    yield from lived.closings.wrong(lived.acts)
    for at, case, effect in lived.acts:
        step = effect.step
        if step.aim is Aim.GIVE_BACK or case.closing:
            continue
        if step.aim is not Aim.SETTLE and lived.guardian and (by := lived.guardian.at(at)):
            yield f"nothing is done to somebody who is protected: {step.key} at {at}, {by[0].protection}"
        if any(hold.reason is HoldReason.PAYMENT_PROCESSING for hold in case.holds):
            yield f"nothing while a payment is on its way: {step.key} at {at}"
        now = Situation(case, policy_of(case), Circumstances(), at)
        if step.is_an_end(now) and not (lived.asked or _notice_arrived(case)):
            yield f"no end without an arrived notice or a human: {step.key} at {at}"


def _notice_arrived(case: Case) -> bool:
    """Whether a final notice was sent and nobody said that it did not arrive."""
    records = [record for record in case.steps.values() if isinstance(record.step, MessageStep)]
    return any(one.step.stage is Stage.FINAL and one.state.value == "done" and not one.unsure for one in records)


def _late(lived: PureLife) -> Iterator[str]:
    policy = policy_of(lived.case)
    agency = policy.endgame.collections.deadline_days if policy.endgame.collections else 0
    days = policy.timeline[-1].day + policy.endgame.notice_days + agency
    limit = lived.case.facts.opened_at + timedelta(days=days) + lived.stood_still + _SLACK + _BY_LAW + lived.silent
    if lived.now > limit:
        yield f"every case ends within its horizon and its holds: {lived.now - limit} too late"
