"""Builders of cases, declines and policies, and a pure simulator that lives a case without Temporal."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from domain import apply, events
from domain.calendar import local
from domain.case import Case, ChargeOutcome, Facts, Outcome, StepState
from domain.declines import Decline, DeclineClass, RawDecline, Reason, classify
from domain.effects import (
    ChargeOrder,
    ChargeResult,
    ContactOutcome,
    ContactState,
    Done,
    HandoffResult,
)
from domain.money import Money
from domain.opening import open_case
from domain.planner import Act, Close, Decision, Wait, next_step
from domain.policy import Policy
from domain.steps import StepKind
from gateways.policy_files import load_policy
from gateways.rules import load_decline_table

POLICIES = Path(__file__).parents[2] / "policies"
STANDARD = load_policy(POLICIES / "standard.yaml")
PLAIN = STANDARD.model_copy(update={"jitter": timedelta(0)})
"""The standard policy on the minute: jitter has its own tests."""
TABLE = load_decline_table(POLICIES / "rules")
MOST_DECISIONS = 1500

Result = ChargeResult | ContactOutcome | Done | HandoffResult
Answer = Callable[[Case, Act, datetime], Result | None]
Event = Callable[[Case, datetime], Case]


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
        holidays=tuple(sorted(holidays)),
    )
    return open_case(facts, policy, a_decline(decline, moment) if isinstance(decline, str) else decline)


def a_policy(*entries: dict[str, Any], **changes: Any) -> Policy:
    """The standard policy with another timeline and other settings, on the minute."""
    raw = PLAIN.model_dump()
    if entries:
        raw["timeline"] = entries
    for name, value in changes.items():
        raw[name] = {**raw[name], **value} if isinstance(value, dict) else value
    return Policy.model_validate(raw)


def declines(code: str = "generic_decline", **raw: str) -> Answer:
    """Every charge is declined with this code."""
    return lambda _case, act, now: (
        ChargeResult(outcome=ChargeOutcome.DECLINED, decline=a_decline(code, now, **raw))
        if act.step.kind is StepKind.CHARGE
        else None
    )


def pays_on(*keys: str) -> Answer:
    """The charges with these keys go through, the others are declined like the last time."""
    return lambda _case, act, _now: paid() if act.step.key in keys else None


def new_method(event_id: str, change: events.MethodChange = events.MethodChange.NEW) -> Event:
    """The customer changes the payment method, or authenticates."""
    fact = events.PaymentMethodChanged(event_id=event_id, change=change)
    return lambda case, now: apply.payment_method_changed(case, fact, now)


def payment(event_id: str, amount: Money, remaining: Money | None = None) -> Event:
    """The customer pays, heard once however often it is told."""
    fact = events.PaymentReceived(event_id=event_id, amount=amount, remaining=remaining)

    def tell(case: Case, now: datetime) -> Case:
        fresh = apply.once(case, event_id)
        return apply.payment_received(fresh, fact, now) if fresh else case

    return tell


def paused(until: datetime | None = None) -> Event:
    return lambda case, now: apply.pause(case, events.Pause(until=until), now)


def resumed() -> Event:
    return lambda case, now: apply.resume(case, events.Resume(), now)


def paid() -> ChargeResult:
    return ChargeResult(outcome=ChargeOutcome.PAID)


def usual(case: Case, act: Act, now: datetime) -> Result:
    """Declines as before, delivers every message, carries out every effect."""
    match act.step.kind:
        case StepKind.CHARGE:
            again = case.decline or a_decline(when=now)
            return ChargeResult(outcome=ChargeOutcome.DECLINED, decline=again.model_copy(update={"not_before": None}))
        case StepKind.REMIND:
            return ContactOutcome(state=ContactState.SENT)
        case StepKind.HANDOFF:
            return HandoffResult(reference="agency-1")
    return Done()


def book(case: Case, act: Act, result: Result, now: datetime, started: datetime | None = None) -> Case:
    """Books a result the way the workflow does."""
    match result:
        case ChargeResult():
            order = ChargeOrder(
                invoice_id=case.facts.invoice_id,
                customer_id=case.facts.customer_id,
                step=act.step.key,
                as_of=started or now,
                why=act.why,
                attempt=case.next_attempt_number,
                kind=act.step.attempt_kind,
                method=case.method,
                policy="p@1",
            )
            return apply.charged(case, act.step, order, result, now)
        case ContactOutcome():
            return apply.contacted(case, act.step, result, now)
    return apply.did(case, act.step, result, now)


def skipped(case: Case, decision: Decision, now: datetime) -> Case:
    """The case with the decision's skips recorded."""
    for skip in decision.skips:
        case = apply.record(case, skip.step, StepState.SKIPPED, now, skip.why)
    return case


def key_of(decision: Decision) -> str | None:
    """The key of the step that a decision is about, if it is about one."""
    return decision.step.key if not isinstance(decision, Close) and decision.step else None


@dataclass
class Life:
    """What happened in one simulated life of a case."""

    case: Case = field(repr=False)
    ended_at: datetime
    acts: list[tuple[datetime, Act]] = field(default_factory=list)
    skips: list[tuple[str, str]] = field(default_factory=list)
    before: list[Case] = field(default_factory=list, repr=False)  # the case as it was at each act
    close: Close | None = None
    last: Decision | None = None

    @property
    def table(self) -> list[str]:
        """`04-02 10:00 d01-charge` in the customer's time, one line for each act, and the outcome."""
        lines = [f"{self.local(moment):%m-%d %H:%M} {act.step.key}" for moment, act in self.acts]
        return [*lines, f"{self.local(self.ended_at):%m-%d %H:%M} {self.close.outcome.value}"] if self.close else lines

    def of(self, kind: StepKind) -> list[str]:
        return [line for line, (_, act) in zip(self.table, self.acts, strict=False) if act.step.kind is kind]

    @property
    def charges(self) -> list[str]:
        return self.of(StepKind.CHARGE)

    @property
    def messages(self) -> list[str]:
        return self.of(StepKind.REMIND)

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
    heard when it is up again. `answers` may return None for the usual answer.
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
        life.case = apply.tick(life.case, now)
        decision = checked(life.case, now, restart=life.case is not known)
        known = life.case
        life.last = decision
        life.skips += [(skip.step.key, skip.why) for skip in decision.skips]
        life.case = skipped(life.case, decision, now)
        match decision:
            case Close():
                life.case = apply.closed(life.case, decision.outcome, decision.why, now)
                life.close = decision
                return life
            case Act():
                life.acts.append((now, decision))
                life.before.append(life.case)
                result = (answers(life.case, decision, now) if answers else None) or usual(life.case, decision, now)
                started, now = now, now + timedelta(seconds=1)
                life.case = book(life.case, decision, result, now, started)
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
    decision = next_step(case, now)

    assert next_step(case, now) == decision, "asked twice it answers the same"
    if restart:
        assert next_step(Case.model_validate_json(case.model_dump_json()), now) == decision, "a restart changes nothing"
    assert decision.why.strip(), "every decision has its reason"
    if isinstance(decision, Wait):
        assert decision.until is None or decision.until > now, "a wait lies in the future"
    if isinstance(decision, Act):
        assert decision.step.key not in case.steps, "a step's key never repeats"
    keys = [skip.step.key for skip in decision.skips]
    assert len(keys) == len(set(keys))
    assert not set(keys) & set(case.steps), "a step is skipped once"
    if keys:
        again = next_step(skipped(case, decision, now), now)
        assert again == decision.model_copy(update={"skips": ()}), "what is skipped changes nothing else"
    return decision
