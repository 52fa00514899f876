"""Whatever the policy, the answers and the news: nothing is lost, nothing is done twice, and every case ends."""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain import events, news, orders
from domain.calendar import local
from domain.case import Case, ChargeOutcome, HoldReason, Outcome, StepState
from domain.decisions import Effect
from domain.declines import DeclineClass, Reason
from domain.events import ContactResult, DisputeOutcome, MethodChange
from domain.invoice import InvoiceNow, InvoiceState
from domain.kinds.access import AccessStep
from domain.kinds.cancellation import CancelStep
from domain.kinds.charge import ChargeResult, ChargeStep
from domain.kinds.message import ContactOutcome, ContactState, MessageStep
from domain.kinds.recall import RecallStep
from domain.kinds.write_off import WriteOffStep
from domain.policy import STORED, Policy
from domain.schedule import step_key
from domain.steps import WRITTEN, Access, AttemptKind, Channel, Stage
from domain.tasks import Done
from tests.domain.builders import (
    PLAIN,
    Event,
    Life,
    a_case,
    a_decline,
    at,
    disputed,
    live,
    new_method,
    of_class,
    paid,
    paused,
    payment,
    policy_of,
    resumed,
    situation,
    usd,
)

CHARGE = "charge"
CONTACT_ZONES = st.sampled_from(
    [
        ("Asia/Bangkok",),
        ("America/New_York",),
        ("Australia/Lord_Howe",),
        ("Pacific/Midway", "Pacific/Wake"),
        ("America/New_York", "America/Los_Angeles", "Pacific/Honolulu"),
        ("Europe/Kaliningrad", "Asia/Kamchatka"),
    ]
)


def reminds(channel: Channel, stage: Stage) -> dict[str, Any]:
    return {"remind": {"channel": channel, "stage": stage}}


def word(spec: Any) -> str:
    """What a step of a policy is called."""
    return spec if isinstance(spec, str) else next(iter(spec))


soft_stages = st.sampled_from([Stage.FRIENDLY, Stage.REMINDER, Stage.FIRM])
specs = st.one_of(
    st.just(CHARGE),
    st.builds(reminds, st.sampled_from(list(WRITTEN)), soft_stages),
    st.builds(reminds, st.sampled_from(list(WRITTEN)), st.just(Stage.FINAL)),
    st.sampled_from([{"restrict": "read_only"}, {"restrict": "blocked"}]),
)
late_specs = st.one_of(
    specs.filter(lambda spec: word(spec) != "remind" or spec["remind"]["stage"] is not Stage.FINAL),
    st.just("cancel_subscription"),
)
hours = st.builds(
    lambda start, lasts, sundays: {
        "start": time(start),
        "end": time(min(23, start + lasts)),
        "sundays": sundays,
        "public_holidays": False,
    },
    st.integers(7, 13),
    st.integers(8, 12),
    st.booleans(),
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any valid policy: up to ten days of one to four steps, announced and ended."""
    days = sorted(draw(st.sets(st.integers(0, 30), min_size=1, max_size=9)))
    entries: list[dict[str, Any]] = []
    for day in days:
        steps = draw(st.lists(specs, min_size=1, max_size=4, unique_by=str))
        if not any(word(step) == "remind" for entry in [*entries, {"do": steps}] for step in entry["do"]):
            # A restriction before any message is refused when the policy is read.
            steps = [step for step in steps if word(step) != "restrict"] or [CHARGE]
        entries.append({"day": day, "at": draw(st.none() | st.integers(0, 23).map(time)), "do": steps})
    notice = draw(st.integers(1, 10))
    final = days[-1] + draw(st.integers(1, 5))
    end = final + notice + draw(st.integers(0, 4))
    last: list[Any] = ["escalate", *draw(st.lists(late_specs, max_size=2, unique_by=str))]
    entries += [
        {"day": final, "do": [reminds(draw(st.sampled_from(list(WRITTEN))), Stage.FINAL)]},
        {"day": end, "do": draw(st.permutations(last))},
    ]
    charges = sum(1 for entry in entries for step in entry["do"] if step == CHARGE)
    raw = PLAIN.model_dump() | {
        "timeline": entries,
        "jitter": draw(st.sampled_from([timedelta(0), timedelta(minutes=10), timedelta(hours=1)])),
        "time_of_day": draw(st.integers(0, 23).map(time)),
        "catch_up": draw(st.sampled_from(["latest", "all", "none"])),
        "retries": PLAIN.retries.model_dump()
        | {
            "max_attempts": min(15, charges + draw(st.integers(0, 2))),
            "max_per_day": draw(st.integers(1, 3)),
            "quick": draw(st.lists(st.integers(1, 72).map(lambda h: timedelta(hours=h)), max_size=3).map(sorted)),
        },
        "contacts": {
            "hours": draw(hours),
            "action_request": draw(st.sampled_from(list(WRITTEN))),
            "fallback": {
                channel: other
                for channel, other in draw(
                    st.dictionaries(st.sampled_from(list(WRITTEN)), st.sampled_from(list(WRITTEN)))
                ).items()
                if other is not channel
            },
        },
        "endgame": {"notice_days": notice, "collections": draw(st.none() | st.just(PLAIN.endgame.collections))},
    }
    # Cases may follow one whose messages wait for the hours, though a new one may not say so.
    return Policy.model_validate(raw, context=STORED)


codes = st.sampled_from(
    [
        of_class(DeclineClass.RETRY_LATER),
        of_class(DeclineClass.RETRY_NOW),
        of_class(DeclineClass.NEW_METHOD),
        of_class(DeclineClass.RETRY_LATER, max_tries=2),
        of_class(DeclineClass.RETRY_LATER, not_before=at("04-09 18:00")),
        a_decline("insufficient_funds"),
        a_decline("authentication_required"),
    ]
)
charge_answers = st.one_of(
    codes.map(lambda decline: ChargeResult(outcome=ChargeOutcome.DECLINED, decline=decline)),
    st.just(ChargeResult(outcome=ChargeOutcome.REFUSED, why="the network's ceiling")),
    st.just(ChargeResult(outcome=ChargeOutcome.KEY_SPENT, why="the number is used up")),
    st.just(ChargeResult(outcome=ChargeOutcome.PROCESSING)),
)
contact_answers = st.sampled_from(
    [
        *[ContactOutcome(state=ContactState.SENT)] * 4,
        ContactOutcome(state=ContactState.UNKNOWN),
        ContactOutcome(state=ContactState.REFUSED, why="no consent"),
        ContactOutcome(state=ContactState.UNREACHABLE, why="no address"),
        ContactOutcome(state=ContactState.SENT, invoice=InvoiceNow(remaining=usd("40"))),
    ]
)


def told(fact: Any, take: Callable[[Case, Any, datetime], Case]) -> Event:
    return lambda case, now: take(case, fact, now)


NEWS: list[Event] = [
    payment("p1", usd("30")),
    payment("p2", usd("30")),
    new_method("m1"),
    new_method("m2", MethodChange.AUTHENTICATED),
    disputed(),
    told(events.DisputeClosed(event_id="d", outcome=DisputeOutcome.WON), news.dispute_closed),
    told(events.Resume(), orders.resume),
    told(
        events.ContactReported(event_id="b", channel=Channel.EMAIL, result=ContactResult.BOUNCED),
        news.contact_reported,
    ),
    told(
        events.InvoiceChanged(event_id="o", attempt=events.ReportedAttempt(at=at("04-03 10:00"), decline=a_decline())),
        news.invoice_changed,
    ),
    told(events.AgencyReported(event_id="a", report=events.AgencyReport.ACKNOWLEDGED), news.agency_reported),
    lambda case, now: case if case.holds or case.closing else paused(now + timedelta(days=3))(case, now),
]
ENDS: list[Event] = [
    payment("full", usd("100"), usd("0")),
    told(events.InvoiceChanged(event_id="v", state=InvoiceState.VOID), news.invoice_changed),
    told(events.InvoiceChanged(event_id="u", state=InvoiceState.UNCOLLECTIBLE), news.invoice_changed),
    told(events.Settle(amount=usd("10")), orders.settle),
    told(events.WriteOff(), orders.write_off),
]
happenings = st.lists(st.tuples(st.integers(0, 45 * 24 * 60), st.sampled_from(NEWS)), max_size=6)
RELEASE = 60 * 24 * 60


@st.composite
def lives(draw: st.DrawFn, *, ending: bool = False) -> Life:
    """A case of any policy, lived to its end; whatever holds it is released after sixty days."""
    policy = draw(policies())
    decline = draw(st.none() | codes)
    opened = at("04-01 00:00") + timedelta(minutes=draw(st.integers(0, 28 * 24 * 60)))
    free = draw(st.frozensets(st.integers(0, 40).map(lambda n: date(2030, 4, 1) + timedelta(days=n)), max_size=6))
    due = usd(draw(st.sampled_from(["20", "100"])))
    case = a_case(decline, zones=draw(CONTACT_ZONES), opened=opened, policy=policy, holidays=free, due=due)
    told_at = draw(happenings)
    if ending:
        told_at.append((draw(st.integers(0, 40 * 24 * 60)), draw(st.sampled_from(ENDS))))
    happens = [(opened + timedelta(minutes=minute), event) for minute, event in told_at]
    release = opened + timedelta(minutes=RELEASE)
    happens += [(release, told(events.DisputeClosed(event_id="r", outcome=DisputeOutcome.WON), news.dispute_closed))]
    happens += [(release, resumed())]
    charges = draw(st.lists(charge_answers, min_size=1, max_size=4))
    contacts = draw(st.lists(contact_answers, min_size=1, max_size=4))
    wins = draw(st.integers(0, 30))

    def answers(case: Case, act: Effect, now: datetime) -> ChargeResult | ContactOutcome | Done | None:
        if isinstance(act.step, MessageStep):
            answer = contacts[len(case.steps) % len(contacts)]
            return answer.model_copy(update={"remaining": None}) if usd("40") > case.due else answer
        if isinstance(act.step, ChargeStep):
            number = case.next_attempt_number
            return paid() if number == wins else charges[number % len(charges)]
        return None

    return live(case, answers=answers, told=happens)


@settings(max_examples=45)
@given(lives())
def test_every_case_ends_and_no_step_is_lost_or_done_twice(life: Life) -> None:
    """With any policy and any answers: bounded decisions, each step of the policy done, skipped or refused once."""
    policy = policy_of(life.case)
    keys = [step_key(entry, spec) for entry in policy.timeline for spec in entry.do]
    assert life.outcome is not None
    assert life.case.closed

    booked = Counter(
        act.step.key for (_, act), case in zip(life.acts, life.after, strict=True) if act.step.key in case.steps
    )
    repeated = {key for key, times in booked.items() if times > 1}
    skipped = Counter(key for key, _ in life.skips)
    assert set() == repeated
    assert all(times == 1 for times in skipped.values())
    if life.outcome in (Outcome.WRITTEN_OFF, Outcome.COLLECTIONS):
        assert set(keys) <= set(life.case.steps), "no step vanishes silently"
    assert {key for key, record in life.case.steps.items() if record.state is StepState.SKIPPED} == set(skipped)


@settings(max_examples=45)
@given(lives(ending=True))
def test_no_charge_and_no_contact_while_something_forbids_it(life: Life) -> None:
    """Not while the customer has to act, on hold, at the end, with the agency, out of budget or out of hours."""
    policy = policy_of(life.case)
    for (moment, act), case in zip(life.acts, life.before, strict=True):
        step = act.step
        restores = isinstance(step, AccessStep) and step.access is Access.FULL
        if isinstance(step, ChargeStep | MessageStep | AccessStep | CancelStep) and not restores:
            assert not case.holds
            assert case.closing is None
            assert case.handoff is None
            assert case.due.amount > 0
        if isinstance(step, ChargeStep) and step.attempt_kind is not AttemptKind.NEW_METHOD:
            assert not case.awaits_customer
        if isinstance(step, ChargeStep) and step.attempt_kind is AttemptKind.TIMELINE:
            today = local(moment, case.zone).date()
            made = [a for a in case.counting_attempts if local(a.at, case.zone).date() == today]
            assert len(made) < policy.retries.max_per_day
            assert len(case.counting_attempts) < policy.retries.max_attempts
            not_before = case.decline.not_before if case.decline else None
            assert not_before is None or moment >= not_before
        if isinstance(step, MessageStep):
            facts = case.facts
            # Where the possible zones never meet, the first one decides (tests/domain/test_calendar.py).
            allowed = policy.contacts.hours.next_allowed(
                moment, facts.time_zones, situation(case, moment).circumstances.holidays
            )
            assert moment == allowed
            assert step.channel not in case.closed_channels
    after = [act for (_, act), case in zip(life.acts, life.before, strict=True) if case.closing]
    assert {type(act.step) for act in after} <= {AccessStep, WriteOffStep, RecallStep}
    assert all(act.step.access is Access.FULL for act in after if isinstance(act.step, AccessStep))
    assert HoldReason.DISPUTE not in {h.reason for h in life.case.holds}


@given(lives())
def test_the_end_comes_no_sooner_than_the_notice_period_after_the_final_notice(life: Life) -> None:
    """In the customer's days, whatever delayed either of them."""
    policy = policy_of(life.case)
    last = policy.timeline[-1]
    end_key = step_key(last, next(spec for spec in last.do if spec.ends))
    ends = [moment for moment, act in life.acts if act.step.key == end_key]
    warned = situation(life.case, life.ended_at).warned_at
    if ends and warned:
        gap = life.local(ends[0]).date() - life.local(warned).date()

        assert gap >= timedelta(days=policy.endgame.notice_days)


@given(lives())
def test_service_is_restricted_only_after_a_message_was_tried(life: Life) -> None:
    """Unless there was no channel at all, or a rule refused every message."""
    for number, (_, act) in enumerate(life.acts):
        if isinstance(act.step, AccessStep | CancelStep) and act.step.key != "end-restore":
            tried = [a for _, a in life.acts[:number] if isinstance(a.step, MessageStep)]
            unreachable = [key for key, why in life.skips if "no channel is left" in why]

            assert tried or unreachable or policy_of(life.case).catch_up == "none" or not _messages_before(life, act)


def _messages_before(life: Life, act: Effect) -> bool:
    days = [entry.day for entry in policy_of(life.case).timeline for spec in entry.do if spec.speaks]
    return any(day <= act.step.day for day in days)


@given(policies(), st.integers(0, 35 * 24))
def test_a_policy_and_the_case_that_names_it_survive_json(policy: Policy, hours_in: int) -> None:
    """In the long form and in the compact one that leaves out defaults."""
    assert policy == Policy.stored(policy.model_dump_json())
    assert policy == Policy.stored(policy.model_dump_json(exclude_defaults=True))

    case = a_case(policy=policy)
    lived = live(case, until=case.facts.opened_at + timedelta(hours=hours_in)).case

    assert lived == Case.model_validate_json(lived.model_dump_json(exclude_defaults=True))


@given(policies())
def test_a_case_with_nothing_in_its_way_does_every_step_of_its_policy(policy: Policy) -> None:
    """Charges declined softly, messages delivered: what is not done was skipped for a reason that names it."""
    life = live(a_case(policy=policy))
    keys = {step_key(entry, spec) for entry in policy.timeline for spec in entry.do}
    reasons = {why for _, why in life.skips}

    assert keys <= set(life.case.steps)
    known = (
        "attempts of the policy",
        "falls together",
        "ended before",
        "missed",
        "says the same",
        "nothing back",
    )
    assert [] == [why for why in reasons if not any(words in why for words in known)]
    assert Reason.DECLINED is (life.case.decline.reason if life.case.decline else None)
