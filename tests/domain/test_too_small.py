"""An amount below the payment provider's minimum (R11): not charged, asked for once, and never a hold."""

from domain.case import Outcome
from domain.gates import Refuse
from domain.kinds.message import ContactTask, MessageStep
from domain.steps import Stage
from tests.domain.builders import a_case, live, usd

SMALL = Refuse(why="0.30 USD is less than the 0.50 USD from which it charges", rule="minimum-charge-usd@2026-11-26")


def test_what_is_too_small_to_charge_is_asked_for_once_and_then_ends() -> None:
    """R11: one request, the notice of the end, and the end by the policy."""
    life = live(a_case(due=usd("0.30"), too_small=SMALL))

    asked = {(act.step.day, act.step.stage) for _, act in life.acts if isinstance(act.step, MessageStep)}
    assert [] == life.charges
    assert [Stage.FRIENDLY, Stage.FINAL] == [stage for _, stage in sorted(asked)]  # on one day each
    assert Outcome.WRITTEN_OFF is life.outcome


def test_no_message_announces_a_charge_that_cannot_be_made() -> None:
    """R11: what is said has to be true."""
    life = live(a_case(due=usd("0.30"), too_small=SMALL))

    said = [act.task.facts for _, act in life.acts if isinstance(act.task, ContactTask)]
    assert said
    assert {None} == {facts.next_charge_on for facts in said}


def test_what_is_too_small_holds_nothing_up() -> None:
    """R11: at no time does it wait for an operator."""
    life = live(a_case(due=usd("0.30"), too_small=SMALL))

    assert [] == [case for case in life.before if case.holds]
