"""A decision looks no further than it has to, and comes to what it would come to if it had looked at everything."""

from datetime import datetime

from hypothesis import given, settings

from domain import life, planner
from domain.case import Case
from domain.kinds.access import AccessStep
from domain.kinds.cancellation import CancelStep
from domain.kinds.charge import ChargeStep
from domain.situation import NEXT, Situation
from domain.steps import Step
from tests.domain.builders import Life, a_case, at, situation
from tests.domain.test_planner_properties import lives


def moments(lived: Life) -> list[tuple[Case, datetime]]:
    """The cases of a life, each as it stood when something had just been done, and before it."""
    done = [at for at, _ in lived.acts]
    return [*zip(lived.before, done, strict=True), *zip(lived.after, done, strict=True)]


@settings(max_examples=30)
@given(lives())
def test_the_next_few_steps_say_what_all_of_them_would(lived: Life) -> None:
    """The wait, its reason, and what is shown of what lies ahead."""
    for case, now in moments(lived):
        here = situation(case, now)
        if not case.holds and not here.due:
            everything = situation(case, now)
            everything.later_from = None

            assert planner._Choice(everything, everything.possible).wait() == planner._wait(here)
            assert life._ahead(everything) == life._ahead(here)


@settings(max_examples=30)
@given(lives())
def test_the_first_of_a_kind_is_the_first_of_all_that_can_be_done(lived: Life) -> None:
    """Whatever payday, rule or night moves a step away from its place."""

    def due(step: Step) -> datetime:
        return step.due

    for case, now in moments(lived):
        here = situation(case, now)
        for kind in (ChargeStep, AccessStep, CancelStep):
            wanted = min((step.due for step in here.possible if type(step) is kind), default=None)

            assert wanted == situation(case, now).first(kind, due)


def test_what_is_far_is_not_looked_at() -> None:
    """Sixteen places, and a wait for the first of them asks for the steps of the next few days alone."""
    case = a_case()
    here: Situation = situation(case, at("04-01 12:00"))
    planner.next_step(here)

    assert len(here.possible_next) < len(here.left) - NEXT
    assert "possible" not in here.__dict__
    assert at("04-08 10:00") == here.later_from
