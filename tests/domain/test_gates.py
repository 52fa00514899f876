"""Gates: what is put off stays to be done, what is refused is skipped, and both say why and by which rule."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from domain import changes
from domain.case import Case, ChargeOutcome, Outcome, StepState
from domain.decisions import Act, Effect, Wait
from domain.gates import ALLOW, Allow, Answer, Postpone, Refuse, strictest
from domain.kinds.charge import ChargeResult, ChargeStep
from domain.kinds.message import ContactOutcome, ContactState, MessageStep
from domain.rules.gates import GATES, Gate
from domain.situation import Situation
from domain.steps import Step
from tests.domain.builders import Answer as Answers
from tests.domain.builders import a_case, a_policy, at, booked, decide, effect_of, live, rule, situation
from tests.domain.test_planner_life import WHOLE_LIFE

EARLY, LATE = at("04-05 10:00"), at("04-09 10:00")
RULE = "visa-15@2026-04-18"


@contextmanager
def gated(gate: Gate) -> Iterator[None]:
    GATES.append(gate)
    try:
        yield
    finally:
        GATES.remove(gate)


@pytest.mark.parametrize("order", list(permutations(range(4))))
@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([ALLOW, Allow(), ALLOW, ALLOW], ALLOW),
        ([ALLOW, Postpone(until=EARLY, why="a"), ALLOW, Postpone(until=LATE, why="b")], Postpone(until=LATE, why="b")),
        ([Postpone(until=LATE, why="b"), Refuse(why="no"), ALLOW, ALLOW], Refuse(why="no")),
    ],
)
def test_the_strictest_of_several_counts(order: tuple[int, ...], answers: list[Answer], expected: Answer) -> None:
    """In whatever order the gates are asked."""
    assert expected == strictest(answers[number] for number in order)
    assert ALLOW == strictest([])


def put_off(until: datetime, key: str) -> Gate:
    """A gate that allows one step only from a moment on."""

    def gate(now: Situation, step: Step) -> Answer:
        if step.key == key and max(step.due, now.at) < until:
            return Postpone(until=until, why="the ceiling is reached", rule=RULE)
        return ALLOW

    return gate


def test_a_gates_later_is_kept() -> None:
    """The step is done at its new time, and neither missed nor early."""
    with gated(put_off(at("04-07 11:30"), "d03-charge")):
        life = live(a_case(policy=a_policy(catch_up="none")))

    assert "04-07 11:30 d03-charge" in life.charges
    assert [] == life.skips


def test_a_wait_for_what_a_gate_puts_off_names_its_moment() -> None:
    """And the entry about it has the rule."""
    with gated(put_off(at("04-02 11:30"), "d01-charge")):
        ruling = rule(a_case(), at("04-01 12:00"))
    decision = ruling.decided.decision
    assert isinstance(decision, Wait)
    [entry] = [entry for entry in ruling.entries if entry.rule]

    assert at("04-02 11:30") == decision.until
    assert ("d01-charge", "retry on day 1 is postponed to 2030-04-02 04:30", "the ceiling is reached", RULE) == (
        entry.step,
        entry.what,
        entry.why,
        entry.rule,
    )


def test_two_gates_put_off_one_after_the_other() -> None:
    """Until the moment that both of them allow."""

    def evenings_only(now: Situation, step: Step) -> Answer:
        here = now.local(max(step.due, now.at))
        evening = here.replace(hour=19, minute=0)
        return ALLOW if here >= evening or step.key != "d03-charge" else Postpone(until=evening, why="too early")

    with gated(put_off(at("04-07 11:30"), "d03-charge")), gated(evenings_only):
        assert "04-07 19:00 d03-charge" in live(a_case()).charges


def test_a_message_that_a_gate_puts_off_still_goes_out_in_the_contact_hours() -> None:
    """What is allowed from two in the night on is said in the morning; the restriction waits for it."""
    with gated(put_off(at("04-12 02:00"), "d10-remind-email-firm")):
        life = live(a_case())

    assert "04-12 09:00 d10-remind-email-firm" in life.messages
    assert "04-12 09:00 d10-restrict-read_only" in life.table


@pytest.mark.parametrize(
    ("until", "order"),
    [
        ("04-11 16:00", ["04-11 16:00 d10-charge", "04-11 16:00 d10-restrict-read_only"]),
        ("04-12 09:00", ["04-11 10:00 d10-restrict-read_only", "04-12 09:00 d10-charge"]),
    ],
)
def test_a_restriction_overtook_a_try_that_was_put_off_to_later_on_its_day(until: str, order: list[str]) -> None:
    """The message names the day of both. A try of a later day is not waited for."""
    with gated(put_off(at(until), "d10-charge")):
        life = live(a_case())

    assert order == [line for line in life.table if "d10-charge" in line or "restrict" in line]


def test_a_restriction_overtook_a_try_that_its_provider_did_not_answer() -> None:
    """It is asked again an hour later, and then the service is restricted."""
    ten = at("04-11 10:00")
    case = live(a_case(), until=at("04-11 09:59")).case
    charge = next(step for step in situation(case, ten).due if step.key == "d10-charge")

    life = live(changes.unanswered(case, charge, "503", ten), start=ten)

    assert ["04-11 11:00 d10-charge", "04-11 11:00 d10-restrict-read_only"] == [
        line for line in life.table if "d10-charge" in line or "restrict" in line
    ]


def test_what_a_gate_refuses_is_skipped_with_its_reason() -> None:
    """The rest goes on."""

    def no_sms(_now: Situation, step: Step) -> Answer:
        return Refuse(why="no consent", rule="tcpa@2025-04-11") if "sms" in step.key else ALLOW

    with gated(no_sms):
        life = live(a_case())

    assert [("d05-remind-sms-reminder", "no consent"), ("d21-remind-sms-final", "no consent")] == life.skips
    assert StepState.SKIPPED is life.case.steps["d05-remind-sms-reminder"].state
    assert [line for line in WHOLE_LIFE if "sms" not in line] == life.table[:14]


POSTPONED = at("04-05 13:00")


def postponed_once(until: datetime) -> ChargeResult:
    later = Postpone(until=until, why="The card has had 15 of 15 tries.", rule=RULE)
    return ChargeResult(outcome=ChargeOutcome.POSTPONED, postponed=later, why=later.why)


def network_says(until: datetime, key: str = "d03-charge") -> Answers:
    """The network's ceiling, found in the activity: the try may be made later."""

    def answers(_case: Case, effect: Effect, now: datetime) -> ChargeResult | None:
        return postponed_once(until) if effect.step.key == key and now < until else None

    return answers


def test_a_network_that_says_later_keeps_the_try() -> None:
    """It is made at that moment under a number of its own, and says by which rule it is late."""
    life = live(a_case(), answers=network_says(POSTPONED))
    tries = [(line, effect.why) for line, effect in zip(life.table, [e for _, e in life.acts], strict=False)]
    third = [pair for pair in tries if "d03-charge" in pair[0]]

    assert ["04-04 10:00 d03-charge", "04-05 13:00 d03-charge"] == [line for line, _ in third]
    assert third[1][1].endswith(f", put off by {RULE}")
    assert ["04-06 10:00 d05-charge"] == [line for line in life.charges if "d05" in line]
    assert 6 == len(life.case.counting_attempts)
    assert {} == life.case.unfinished
    assert {} == life.case.put_off


def test_a_wait_for_the_network_names_its_rule() -> None:
    """Why this step, why now, why not earlier."""
    case = live(a_case(), answers=network_says(POSTPONED), until=at("04-05 12:00")).case
    decision = decide(case, at("04-05 12:00"))
    assert isinstance(decision, Wait)

    assert POSTPONED == decision.until
    assert f"put off by {RULE}" in decision.why
    assert RULE == case.unfinished["d03-charge"].rule


def test_a_network_that_says_later_than_the_end_does_not_hold_it_up() -> None:
    """The try is cut off and that is recorded."""
    life = live(a_case(), answers=network_says(at("06-01 10:00"), "d14-charge"))

    assert WHOLE_LIFE == life.table[:16]
    assert [("d14-charge", "the case ended before it could be done")] == life.skips
    assert "skipped" in [entry.what for entry in life.case.record if entry.step == "d14-charge"]
    assert Outcome.COLLECTIONS is life.outcome


def test_a_gate_that_says_later_than_the_end_does_not_hold_it_up_either() -> None:
    """The same, asked when deciding."""
    with gated(put_off(at("06-01 10:00"), "d14-charge")):
        life = live(a_case())

    assert [line for line in WHOLE_LIFE if "d14" not in line] == life.table[:15]
    assert [("d14-charge", "the case ended before it could be done")] == life.skips


def test_a_new_method_that_the_network_puts_off_is_tried_then() -> None:
    """And nothing else of the old method is tried instead."""
    case = a_case("expired_card")
    changed = case.model_copy(update={"method_changes": 1})
    life = live(changed, answers=network_says(POSTPONED, "m1-charge"), start=at("04-02 12:00"), until=at("04-05 14:00"))

    assert ["04-02 12:00 m1-charge", "04-05 13:00 m1-charge"] == life.charges


def test_a_contact_that_a_rule_puts_off_goes_out_later() -> None:
    """Found while sending: a cap per customer that another case has used up."""
    later = Postpone(until=at("04-09 09:30"), why="two contacts in 7 days", rule="caps@1")
    result = ContactOutcome(state=ContactState.POSTPONED, postponed=later)

    def answers(_case: Case, effect: Effect, now: datetime) -> ContactOutcome | None:
        return result if effect.step.key == "d07-remind-email-reminder" and now < later.until else None

    life = live(a_case(), answers=answers)

    assert ["04-08 10:00 d07-remind-email-reminder", "04-09 09:30 d07-remind-email-reminder"] == [
        line for line in life.messages if "d07" in line
    ]
    assert "04-29 10:00 d28-escalate" in life.table


@pytest.mark.parametrize("kind", [ChargeStep, MessageStep])
def test_a_postponement_by_an_activity_is_recorded_with_its_rule_and_changes_nothing_else(kind: type[Step]) -> None:
    """No attempt, no contact: the step as it was, at its new time."""
    case = a_case()
    step = next(step for step in situation(case, at("04-01 12:00")).steps if isinstance(step, kind))
    later = Postpone(until=LATE, why="later", rule=RULE)
    result = (
        ChargeResult(outcome=ChargeOutcome.POSTPONED, postponed=later)
        if kind is ChargeStep
        else ContactOutcome(state=ContactState.POSTPONED, postponed=later)
    )
    after = booked(case, effect_of(case, step, EARLY), result, EARLY)

    assert (case.attempts, case.steps, case.due) == (after.attempts, after.steps, after.due)
    assert (step, LATE, RULE) == (
        after.unfinished[step.key].step,
        after.unfinished[step.key].not_before,
        after.unfinished[step.key].rule,
    )
    assert ("postponed to 2030-04-09 03:00", RULE) == (after.record[-1].what, after.record[-1].rule)
    again = live(after, start=EARLY, until=LATE + timedelta(minutes=1))
    assert not isinstance(again.last, Act)
    assert f"04-09 10:00 {step.key}" in again.table
