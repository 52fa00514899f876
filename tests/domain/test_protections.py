"""Whatever protects the person stops every case, by itself and for as long as it holds."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from domain import events, life, orders, step_orders
from domain.agency import Handoff
from domain.case import Case, CaseStatus, Circumstances, HoldReason, Outcome
from domain.decisions import Act, Close, Wait
from domain.gates import ALLOW, Postpone, Refuse
from domain.holds import in_full
from domain.kinds.recall import RecallStep
from domain.kinds.write_off import WriteOffTask
from domain.protection import Protected, Protection, SetBy, standing
from domain.rules.invoice import Aim
from domain.rules.protection import ask_protected
from tests.domain.builders import PLAIN, a_case, at, payment, usd

KINDS = pytest.mark.parametrize("kind", Protection)
SINCE = at("04-02 12:00")


def protection(
    kind: Protection = Protection.BANKRUPTCY, until: datetime | None = None, event_id: str = "1", **more: str
) -> Protected:
    return Protected(
        protection=kind, event_id=event_id, since=SINCE, until=until, source=SetBy.OPERATOR, by="pat", **more
    )


def decided(case: Case, now: datetime, *protections: Protected) -> tuple[Act | Wait | Close, Case]:
    """One decision as the activity takes it, and the case as the workflow has it afterwards."""
    around = Circumstances(protections=standing(protections, now))
    ruling = life.decide(case, PLAIN, around, now)
    after = life.settled(case, case, ruling.decided)
    assert after.but(unwritten=()) == ruling.case.but(unwritten=()), "the workflow and the ledger have one case"
    return ruling.decided.decision, after


@KINDS
def test_a_case_stands_still_and_says_who_set_it_and_what_to_do(kind: Protection) -> None:
    decision, case = decided(a_case(), at("04-02 13:00"), protection(kind, note="file 36 IN 114"))

    assert isinstance(decision, Wait)
    assert decision.until is None
    assert CaseStatus.ON_HOLD is case.status
    (said,) = in_full(case)
    assert said.startswith(f"{kind.in_words}: set by pat on 2030-04-02: file 36 IN 114; until told otherwise. ")
    assert f"starter.py unprotect cus_1 {kind.value}" in said


@KINDS
def test_a_case_that_opens_later_stands_still_from_its_first_decision_on(kind: Protection) -> None:
    case = a_case(opened="06-01 10:00")

    decision, case = decided(case, case.facts.opened_at, protection(kind))

    assert isinstance(decision, Wait)
    assert [HoldReason(kind.value)] == [hold.reason for hold in case.holds]


def test_the_workflow_and_the_ledger_write_its_entry_once() -> None:
    _, case = decided(a_case(), SINCE, protection())
    _, again = decided(case, SINCE + timedelta(hours=1), protection())

    assert ["on hold (bankruptcy)"] == [entry.what for entry in again.record if entry.step == "person"]
    assert () == again.unwritten


def test_a_breathing_space_ends_by_itself_and_the_rest_is_so_many_days_later() -> None:
    space = protection(Protection.BREATHING_SPACE, until=at("04-12 09:00"))
    waits, case = decided(a_case(), SINCE, space)
    assert isinstance(waits, Wait)
    assert at("04-12 09:00") == waits.until

    _, case = decided(case, at("04-12 09:00"), space)

    assert () == case.holds
    assert 10 == case.shift_days


def test_a_breathing_space_that_is_made_longer_is_one_hold_with_the_later_end() -> None:
    first = protection(Protection.BREATHING_SPACE, until=at("04-12 09:00"))
    longer = protection(Protection.BREATHING_SPACE, until=at("05-12 09:00"), event_id="2")
    _, case = decided(a_case(), SINCE, first)

    waits, case = decided(case, at("04-05 09:00"), first, longer)

    assert at("05-12 09:00") == waits.until if isinstance(waits, Wait) else None
    assert [at("05-12 09:00")] == [hold.until for hold in case.holds]


def test_the_case_goes_on_when_the_last_of_several_is_ended() -> None:
    both = protection(), protection(Protection.HARDSHIP, event_id="2")
    _, case = decided(a_case(), SINCE, *both)
    _, case = decided(case, at("04-05 09:00"), both[1])
    assert [HoldReason.HARDSHIP] == [hold.reason for hold in case.holds]

    decision, case = decided(case, at("04-09 12:00"))

    assert () == case.holds
    assert 7 == case.shift_days
    assert "protected no more" in [entry.what for entry in case.record]
    assert isinstance(decision, Wait | Act)


def test_an_operator_cannot_resume_what_protects_the_person() -> None:
    _, case = decided(a_case(), SINCE, protection())

    answer = orders.ask_resume(case, events.Resume(), SINCE)

    assert isinstance(answer, Refuse)
    assert "bankruptcy" in answer.why


@pytest.mark.parametrize(
    "ask",
    [
        lambda case: step_orders.ask_retry_now(case, events.RetryNow(), SINCE),
        lambda case: step_orders.ask_hand_off(case, events.HandOff(), SINCE),
    ],
    ids=["retry now", "hand off"],
)
def test_an_order_to_charge_or_to_hand_over_is_refused(ask: Callable[[Case], object]) -> None:
    _, case = decided(a_case(), SINCE, protection(Protection.DECEASED))

    assert isinstance(ask(case), Refuse)


def test_money_that_comes_in_still_ends_the_case() -> None:
    _, case = decided(a_case(), SINCE, protection())

    case = payment("p", usd("100"), usd("0"))(case, at("04-05 12:00"))
    decision, case = decided(case, at("04-05 12:00"), protection())

    assert isinstance(decision, Close)
    assert Outcome.RECOVERED is decision.outcome


def test_an_operator_may_give_the_debt_up() -> None:
    _, case = decided(a_case(), SINCE, protection())

    case = life.carry_out(case, "write_off", events.WriteOff(), SINCE)
    decision, _ = decided(case, SINCE, protection())

    assert isinstance(decision, Act)
    (effect,) = decision.effects
    assert isinstance(effect.task, WriteOffTask)
    assert effect.task.ordered


def test_what_an_agency_has_can_be_recalled_and_is_not_delivered_again() -> None:
    case = a_case().but(handoff=Handoff(at=SINCE, references=("A1",)))
    held, case = decided(case, at("05-30 12:00"), protection())
    assert isinstance(held, Wait)

    case = life.carry_out(case, "recall", events.Recall(), at("05-30 12:00"))
    decision, _ = decided(case, at("05-30 12:00"), protection())

    assert isinstance(decision, Act)
    assert [RecallStep] == [type(effect.step) for effect in decision.effects]


@KINDS
@pytest.mark.parametrize("aim", Aim)
def test_what_a_machine_does_to_somebody_who_is_protected(kind: Protection, aim: Aim) -> None:
    """Money is taken when it comes, and what was taken away is given back; all else waits for a human."""
    answer = ask_protected([protection(kind)], aim, SINCE)

    assert (aim in (Aim.SETTLE, Aim.GIVE_BACK)) == (answer is ALLOW)
    if isinstance(answer, Postpone):
        assert f"protection-{kind.value.replace('_', '-')}" == answer.rule
    assert ask_protected([protection(kind)], Aim.GIVE_UP, SINCE, by_a_human=True) is ALLOW


def test_of_several_statements_of_a_kind_the_one_that_holds_longest_counts() -> None:
    short = protection(until=at("04-10 09:00"))
    ever = protection(event_id="2")
    ended = protection(Protection.HARDSHIP, event_id="3").but(ended_at=at("04-03 09:00"))

    assert (ever,) == standing([short, ever, ended], at("04-05 09:00"))
    assert (short,) == standing([short, ended], at("04-05 09:00"))
    assert () == standing([short, ended], at("04-10 09:00"))
