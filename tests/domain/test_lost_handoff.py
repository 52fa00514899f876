"""After a handoff whose answer was lost, until more is known, nothing is said: an agency may have the case."""

from datetime import datetime, timedelta

from domain import changes, life
from domain.case import Case
from domain.decisions import Act
from domain.declines import DeclineClass
from domain.gates import Postpone, Refuse
from domain.invoice import InvoiceNow
from domain.kinds.handoff import HandoffStep
from domain.kinds.message import MessageStep
from domain.projection import projection_of
from domain.rules.calls import ask_call
from domain.steps import Step
from tests.domain.builders import a_case, a_policy, decide, live, of_class, situation, usual

HOUR = timedelta(hours=1)
POLICY = a_policy(contacts={"action_request": "email"})


def handing_over() -> tuple[Case, Act, datetime]:
    """A case that nobody pays, at the moment of its handoff."""
    whole = live(a_case(policy=POLICY))
    index = next(i for i, (_, effect) in enumerate(whole.acts) if isinstance(effect.step, HandoffStep))
    when, effect = whole.acts[index]
    return whole.before[index], Act(effects=(effect,), why=effect.why), when


def asked_anew(case: Case, at: datetime) -> Case:
    """The customer tries again, and only they can help: a request to them is due at once."""
    return changes.declined(case, of_class(DeclineClass.AUTHENTICATE), at)


def lost() -> tuple[Case, datetime]:
    """Half an hour after the answer was lost; the agency is asked again in another half."""
    case, act, when = handing_over()
    at = when + HOUR / 2
    return asked_anew(life.unanswered(case, act.effects[0], when), at), at


def said_in(case: Case, at: datetime) -> list[Step]:
    decision = decide(case, at)
    return [effect.step for effect in decision.effects if effect.step.aim == "say"] if decision.does == "act" else []


def test_nobody_is_called() -> None:
    case, at = lost()
    answer = ask_call(situation(case, at), InvoiceNow())

    assert isinstance(answer, Refuse)
    assert "an agency may have the case" in answer.why
    assert "with-agency" == answer.rule


def test_no_message_goes_until_it_is_known() -> None:
    """Without the lost handoff the same request goes at once; with it, not even when the agency is asked again."""
    case, at = lost()
    whole, _, _ = handing_over()
    [request] = [step for step in situation(case, at).steps if isinstance(step, MessageStep)]
    answer = situation(case, at).ask(request)
    again = decide(case, at + HOUR / 2)

    assert [request.key] == [step.key for step in said_in(asked_anew(whole, at), at)]
    assert isinstance(answer, Postpone)
    assert "with-agency" == answer.rule
    assert [] == said_in(case, at)
    assert again.does == "act"
    assert [HandoffStep.name] == [effect.step.kind for effect in again.effects]


def test_what_still_waits_in_the_queue_is_taken_back_when_the_end_is_begun() -> None:
    """As the messages that are left: they are cut off by the decision that begins it."""
    case, act, when = handing_over()
    begun, (_, at) = life.interrupted(case, act.effects[0]), lost()
    over = life.book(case, act.effects[0], usual(case, act.effects[0], when), when)

    assert projection_of(case, act).silent
    assert projection_of(begun, decide(begun, at)).silent
    assert projection_of(over, decide(over, at)).silent
    assert not projection_of(a_case(), decide(a_case(), a_case().facts.opened_at)).silent
