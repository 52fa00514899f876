"""Builders of cases, declines and policies, and a pure simulator that lives a case without Temporal."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from domain import changes, events, life, orders
from domain.calendar import local
from domain.call_hours import CallTime
from domain.case import Case, ChargeOutcome, Circumstances, Facts, Limit, Outcome, PolicyRef
from domain.decisions import Act, Close, Decision, Effect, Wait
from domain.declines import Decline, DeclineClass, RawDecline, Reason, classify
from domain.gates import Refuse
from domain.installation import COMPLETE, Installation
from domain.kinds.call import CallQueued, CallStep
from domain.kinds.charge import ChargeResult, ChargeStep
from domain.kinds.handoff import HandoffResult, HandoffStep
from domain.kinds.message import ContactOutcome, ContactState, MessageStep
from domain.kinds.outside_payment import OutsidePaymentStep, RecordPaymentResult
from domain.known import AtSending
from domain.money import Money
from domain.opening import open_case
from domain.planner import next_step
from domain.policy import Policy
from domain.situation import Situation
from domain.steps import Stage, Step
from domain.tasks import Done
from domain.truth import MessageFacts, message_facts
from gateways.policy_files import load_policy, policy_digest
from gateways.rules import load_decline_table

POLICIES = Path(__file__).parents[2] / "policies"
STANDARD = load_policy(POLICIES / "standard.yaml")
PLAIN = STANDARD.model_copy(update={"jitter": timedelta(0)})
"""The standard policy on the minute: jitter has its own tests."""
TABLE = load_decline_table(POLICIES / "rules")
MOST_DECISIONS = 1500

Result = ChargeResult | ContactOutcome | Done | HandoffResult | CallQueued
Answer = Callable[[Case, Effect, datetime], Result | None]
Event = Callable[[Case, datetime], Case]


_KNOWN: dict[str, tuple[Policy, Circumstances]] = {}
"""What a case names by its policy's digest: here the holidays belong to it as well."""


def policy_of(case: Case) -> Policy:
    return _KNOWN[case.policy.digest][0]


def situation(case: Case, now: datetime) -> Situation:
    """The case at a moment, under the policy and the circumstances that it was built with."""
    return Situation(case, *_KNOWN[case.policy.digest], now)


def decide(case: Case, now: datetime) -> Decision:
    """The planner's decision about a case as it stands."""
    return next_step(situation(case, now))


def rule(case: Case, now: datetime) -> life.Ruling:
    """The decision with all that follows from it."""
    return life.decide(case, *_KNOWN[case.policy.digest], now)


def usd(major: str) -> Money:
    return Money.of_major(major, "USD")


def at(text: str, zone: str = "Asia/Bangkok") -> datetime:
    """`"04-01 10:00"` of 2030, or with the year, by the wall clock of `zone`, as UTC."""
    full = text if text[:2] == "20" and text[4] == "-" else f"2030-{text}"
    return datetime.fromisoformat(full).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def a_decline(code: str | None = "generic_decline", when: datetime | None = None, **raw: str) -> Decline:
    """A decline as the shipped table classifies it."""
    switch = raw.pop("do_not_honor", DeclineClass.RETRY_LATER)
    fields = {"decline_code": code, **raw}
    return classify(RawDecline(**fields), TABLE, at=when or at("04-01 10:00"), do_not_honor=DeclineClass(switch))


def of_class(decline_class: DeclineClass, **fields: Any) -> Decline:
    """A decline of a class, whatever code it has."""
    return Decline(decline_class=decline_class, code=decline_class.value, reason=Reason.DECLINED, rule="t", **fields)


def a_case(
    decline: Decline | str | None = "generic_decline",
    *,
    zone: str = "Asia/Bangkok",
    zones: tuple[str, ...] = (),
    opened: str | datetime = "04-01 10:00",
    policy: Policy = PLAIN,
    due: Money | None = None,
    holidays: Iterable[date] = (),
    invoice: str = "in_1",
    subscription: str | None = "sub_1",
    tried_before: bool = True,
    too_small: Refuse | None = None,
    limit: Limit | None = None,
    installation: Installation = COMPLETE,
    call_hours: tuple[CallTime, ...] = (),
) -> Case:
    """A case opened on Monday 1 April 2030 at ten o'clock in the customer's zone, over 100 dollars."""
    zones = zones or (zone,)
    moment = opened if isinstance(opened, datetime) else at(opened, zones[0])
    facts = Facts(
        invoice_id=invoice,
        customer_id="cus_1",
        subscription_id=subscription,
        country="TH",
        time_zones=zones,
        amount=due or usd("100"),
        opened_at=moment,
        tried_before=tried_before,
    )
    circumstances = Circumstances(
        holidays=frozenset(holidays),
        too_small=too_small,
        limit=limit,
        installation=installation,
        call_hours=call_hours,
    )
    digest = f"{policy_digest(policy)} {sorted(circumstances.holidays)} {too_small} {limit} {installation}{call_hours}"
    _KNOWN.setdefault(digest, (policy, circumstances))
    ref = PolicyRef(name=policy.name, version=policy.version, digest=digest)
    answer = a_decline(decline, moment) if isinstance(decline, str) else decline
    return open_case(facts, ref, answer, retry_owner=policy.retries.owner)


def a_policy(*entries: dict[str, Any], **changes: Any) -> Policy:
    """The standard policy with another timeline and other settings, on the minute."""
    raw = PLAIN.model_dump(mode="json")
    if entries:
        raw["timeline"] = entries
    for name, value in changes.items():
        raw[name] = {**raw[name], **value} if isinstance(value, dict) else value
    return Policy.model_validate(raw)


def a_stored_policy(*entries: dict[str, Any]) -> Policy:
    """The same as the ledger has it from an earlier release, which asked less of a policy."""
    return Policy.stored(json.dumps(PLAIN.model_dump(mode="json") | {"timeline": entries}))


def declines(code: str = "generic_decline", **raw: str) -> Answer:
    """Every charge is declined with this code."""
    return lambda _case, effect, now: (
        ChargeResult(outcome=ChargeOutcome.DECLINED, decline=a_decline(code, now, **raw))
        if isinstance(effect.step, ChargeStep)
        else None
    )


def pays_on(*keys: str) -> Answer:
    """The charges with these keys go through, the others are declined like the last time."""
    return lambda _case, effect, _now: paid() if effect.step.key in keys else None


def new_method(event_id: str, change: events.MethodChange = events.MethodChange.NEW) -> Event:
    """The customer changes the payment method, or authenticates."""
    fact = events.PaymentMethodChanged(event_id=event_id, change=change)
    return lambda case, now: life.hear(case, "payment_method_changed", fact, now)


def payment(event_id: str, amount: Money, remaining: Money | None = None) -> Event:
    """The customer pays at the provider, heard once however often it is told; what remains is the provider's word."""

    def paid(case: Case, now: datetime) -> Case:
        left = remaining or Money(amount=max(0, case.due.amount - amount.amount), currency=amount.currency)
        return life.hear(
            case, "payment_received", events.PaymentReceived(event_id=event_id, amount=amount, remaining=left), now
        )

    return paid


def paid_outside(event_id: str, amount: Money) -> Event:
    """Money came in by another way: the provider knows nothing of it."""
    fact = events.PaymentReceived(event_id=event_id, amount=amount)
    return lambda case, now: life.hear(case, "payment_received", fact, now)


def disputed(event_id: str = "dp_1") -> Event:
    """The customer disputes the payment."""
    return lambda case, now: life.hear(case, "dispute_opened", events.DisputeOpened(event_id=event_id), now)


def paused(until: datetime | None = None) -> Event:
    return lambda case, now: orders.pause(case, events.Pause(until=until), now)


def resumed() -> Event:
    return lambda case, now: orders.resume(case, events.Resume(), now)


def paid() -> ChargeResult:
    return ChargeResult(outcome=ChargeOutcome.PAID)


def usual(case: Case, effect: Effect, now: datetime) -> Result:
    """Declines as before, delivers every message, carries out every effect."""
    match effect.step:
        case ChargeStep():
            again = case.decline or a_decline(when=now)
            return ChargeResult(outcome=ChargeOutcome.DECLINED, decline=again.model_copy(update={"not_before": None}))
        case MessageStep():
            return ContactOutcome(state=ContactState.SENT)
        case HandoffStep():
            return HandoffResult(reference="agency-1")
        case OutsidePaymentStep():
            return RecordPaymentResult()
        case CallStep():
            return CallQueued()
    return Done()


def effect_of(case: Case, step: Step, now: datetime) -> Effect:
    """A step as the planner would have it done at a moment."""
    here = situation(case, now)
    why = step.why(here)
    return Effect(step=step, why=why, activity=step.activity, task=step.task(here, why))


def facts_of(case: Case, stage: Stage, now: datetime) -> MessageFacts:
    """What a message of a stage says when it is sent at a moment."""
    return message_facts(situation(case, now), stage)


def sending(**changes: Any) -> AtSending:
    """What is read when a message is sent: 149 dollars of a subscription, and no payment method on file."""
    read = AtSending(
        merchant="Acme Cloud",
        contact="help@acme.example",
        name="Ada",
        number="A-1",
        due=usd("149"),
        total=usd("149"),
        subscription=True,
        verifying=False,
        transfers=False,
        voucher=False,
        has_method=False,
        link="https://pay.acme.example/1",
    )
    return read.model_copy(update=changes)


def settled(case: Case, decision: Decision, now: datetime) -> Case:
    """The case once the decision is taken."""
    return life.after(case, decision, now)[0]


def booked(case: Case, effect: Effect, result: Result, now: datetime) -> Case:
    """The case after an effect's answer."""
    return life.book(case, effect, result, now)


def key_of(decision: Decision) -> str | None:
    """The key of the step that a decision is about, if it is about one."""
    return decision.step.key if not isinstance(decision, Close) and decision.step else None


@dataclass
class Life:
    """What happened in one simulated life of a case."""

    case: Case = field(repr=False)
    ended_at: datetime
    acts: list[tuple[datetime, Effect]] = field(default_factory=list)
    skips: list[tuple[str, str]] = field(default_factory=list)
    asked: list[datetime] = field(default_factory=list)  # when a human was asked whether the end goes on
    before: list[Case] = field(default_factory=list, repr=False)  # the case as it was at each act
    after: list[Case] = field(default_factory=list, repr=False)  # the case once it was booked
    close: Close | None = None
    last: Decision | None = None

    @property
    def table(self) -> list[str]:
        """`04-02 10:00 d01-charge` in the customer's time, one line for each act, and the outcome."""
        lines = [f"{self.local(moment):%m-%d %H:%M} {effect.step.key}" for moment, effect in self.acts]
        return [*lines, f"{self.local(self.ended_at):%m-%d %H:%M} {self.close.outcome.value}"] if self.close else lines

    def of(self, kind: type[Step]) -> list[str]:
        acts = zip(self.table, self.acts, strict=False)
        return [line for line, (_, effect) in acts if isinstance(effect.step, kind)]

    @property
    def charges(self) -> list[str]:
        return self.of(ChargeStep)

    @property
    def messages(self) -> list[str]:
        return self.of(MessageStep)

    @property
    def outcome(self) -> Outcome | None:
        return self.close.outcome if self.close else None

    def local(self, moment: datetime) -> datetime:
        return local(moment, self.case.zone)


def live(
    case: Case,
    until: datetime | None = None,
    answers: Answer | None = None,
    told: Iterable[tuple[datetime, Event]] = (),
    down: tuple[datetime, datetime] | None = None,
    start: datetime | None = None,
) -> Life:
    """Lives the case until it closes, waits for ever, or `until` is reached; asserts what holds for every case.

    `told` are (moment, change of the case). While the system is `down` nothing happens: what was told meanwhile is
    heard when it is up again. Asked about an end of which nobody knows, the operator tells the customer and resumes.
    `answers` may return None for the usual answer.
    """
    now = start or case.facts.opened_at
    life = Life(case=case, ended_at=now)
    news = sorted(told, key=lambda event: event[0])
    known: Case | None = None
    for _ in range(MOST_DECISIONS):
        if down and down[0] <= now < down[1]:
            now = down[1]
        while news and news[0][0] <= now:
            life.case = news.pop(0)[1](life.case, now)
        life.ended_at = now
        decision = checked(changes.tick(life.case, now), now, restart=life.case is not known)
        life.last = decision
        life.skips += [(skip.step.key, skip.why) for skip in decision.skips]
        life.case = known = settled(life.case, decision, now)
        match decision:
            case Close():
                life.close = decision
                return life
            case Act():
                started, now = now, now + timedelta(seconds=1)
                # As the workflow does: all of them begin with the same case, and are booked one after the other.
                before = life.case
                for effect in decision.effects:
                    life.acts.append((started, effect))
                    life.before.append(before)
                    result = (answers(before, effect, started) if answers else None) or usual(before, effect, started)
                    life.case = effect.step.book(life.case, effect.task, result, now)
                    life.after.append(life.case)
            case Wait() if decision.hold:
                life.asked.append(now)
                life.case = orders.resume(life.case, events.Resume(note="told by letter"), now)
            case Wait():
                wakes = [moment for moment in (decision.until, news[0][0] if news else None) if moment]
                if not wakes or (until and min(wakes) > until):
                    return life
                now = max(now, min(wakes))
    raise AssertionError(f"the case does not end: {life.table[-12:]} {life.last}")


def checked(case: Case, now: datetime, *, restart: bool = True) -> Decision:
    """The planner's decision, after asserting what must hold for every decision.

    `restart`: that the case read back from JSON decides the same; it costs most of the time.
    """
    decision = decide(case, now)

    assert decide(case, now) == decision, "asked twice it answers the same"
    if restart:
        assert decide(Case.model_validate_json(case.model_dump_json()), now) == decision, "a restart changes nothing"
        assert again_from_json(decision) == decision, "it comes back from the history as it was"
    assert decision.why.strip(), "every decision has its reason"
    if isinstance(decision, Wait):
        assert decision.until is None or decision.until > now, "a wait lies in the future"
    if isinstance(decision, Act):
        assert not {effect.step.key for effect in decision.effects} & set(case.steps), "a step's key never repeats"
        assert len({effect.step.kind for effect in decision.effects}) == 1, "what runs side by side is of one kind"
    keys = [skip.step.key for skip in decision.skips]
    assert len(keys) == len(set(keys))
    assert not set(keys) & set(case.steps), "a step is skipped once"
    if keys:
        again = decide(settled(case, decision.model_copy(update={"skips": decision.skips}), now), now)
        rest = {"skips": ()} | ({"hold": None} if isinstance(decision, Wait) else {})
        assert again == decision.model_copy(update=rest), "what is skipped changes nothing else"
    return decision


def again_from_json(decision: Decision) -> Decision:
    """The decision after it was written to a history and read from it."""
    decided = life.Decided(at=at("04-01 10:00"), decision=decision)
    return life.Decided.model_validate_json(decided.model_dump_json()).decision
