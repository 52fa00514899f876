"""Disputes are a set: several may be open, and their news come in any order (R13)."""

from datetime import timedelta

from domain import events, life
from domain.case import Case, CaseStatus, HoldReason, Outcome
from domain.changes import with_disputes
from domain.events import DisputeOutcome
from domain.opening import open_case
from tests.domain.builders import a_case, at

NOON = at("04-05 12:00")


def opened(case: Case, dispute: str) -> Case:
    fact = events.DisputeOpened(event_id=f"o-{dispute}", dispute_id=dispute)
    return life.hear(case, "dispute_opened", fact, NOON)


def closed(case: Case, dispute: str, outcome: DisputeOutcome = DisputeOutcome.WON) -> Case:
    fact = events.DisputeClosed(event_id=f"c-{dispute}", dispute_id=dispute, outcome=outcome)
    return life.hear(case, "dispute_closed", fact, NOON + timedelta(hours=1))


def test_the_end_of_one_of_two_disputes_releases_nothing() -> None:
    """R13: the case goes on when all of them are closed."""
    both = opened(opened(a_case(), "du_1"), "du_2")

    one, none = closed(both, "du_1"), closed(closed(both, "du_1"), "du_2")

    assert [HoldReason.DISPUTE] == [hold.reason for hold in one.holds]
    assert "won: 1 more open" == one.record[-1].why
    assert () == none.holds


def test_an_end_that_comes_before_its_beginning_holds_nothing() -> None:
    """R13: the tombstone stays, and the late `created` finds it."""
    case = opened(closed(a_case(), "du_1"), "du_1")

    assert () == case.holds
    assert "it is over: that was told before" == case.record[-1].why


def test_a_dispute_that_is_told_twice_is_one_dispute() -> None:
    """R13: another event id, the same dispute: its one end releases the case."""
    case = opened(a_case(), "du_1")
    again = life.hear(case, "dispute_opened", events.DisputeOpened(event_id="again", dispute_id="du_1"), NOON)

    assert () == closed(again, "du_1").holds


def test_a_lost_dispute_ends_the_case_while_another_one_is_open() -> None:
    """The customer need not pay this invoice, whatever becomes of the other payment."""
    case = closed(opened(opened(a_case(), "du_1"), "du_2"), "du_1", DisputeOutcome.LOST)

    assert case.closing
    assert Outcome.CANCELLED is case.closing.outcome


def test_a_debit_that_comes_back_after_it_paid_a_part_ends_nothing() -> None:
    """R14: Stripe tells it as a dispute that was lost, and the case ended as lost although all of it was owed."""
    case = closed(opened(a_case(), "du_1"), "du_1", DisputeOutcome.RETURNED)

    assert (None, ()) == (case.closing, case.holds)
    assert ("payment taken back", True) == (case.record[-1].what, "the case goes on" in case.record[-1].why)


def test_an_end_without_a_name_ends_every_dispute() -> None:
    """Signals of before had no id."""
    assert () == closed(opened(opened(a_case(), "du_1"), "du_2"), "").holds


def test_a_case_opens_held_while_the_customer_disputes_something() -> None:
    """R13: the dispute was open before the invoice failed."""
    usual = a_case()

    case = open_case(usual.facts, usual.policy, None, disputes=["du_1", "du_2"])

    assert CaseStatus.ON_HOLD is case.status
    assert () == closed(closed(case, "du_1"), "du_2").holds


def test_what_a_case_remembers_of_disputes_is_bounded() -> None:
    """Open ones are never forgotten."""
    case = with_disputes(a_case(), {"du_open": True} | {f"du_{number}": False for number in range(200)})

    assert 51 == len(case.disputes)
    assert case.disputes["du_open"]
    assert "du_199" in case.disputes
