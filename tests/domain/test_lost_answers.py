"""What became of our charge comes as news, instead of the answer to its request, or before it."""

from datetime import datetime, timedelta

import pytest

from domain import events, life, news
from domain.case import Case, ChargeOutcome, HoldReason
from domain.decisions import Act, Effect
from domain.invoice import InvoiceNow
from domain.kinds.charge import ChargeResult
from domain.outgoing import PaymentMethodChanged
from domain.steps import AttemptKind
from tests.domain.builders import a_case, a_decline, at, decide, new_method

DAY_1 = at("04-02 10:30")
LATER = DAY_1 + timedelta(days=5)


def test_r22_a_debit_that_was_interrupted_is_known_by_its_news() -> None:
    """It was looked for when the hold was over, or never: the case took it for the customer's."""
    case, effect = a_begun_charge()
    case = life.interrupted(case, effect)

    case = told(case, effect, ChargeOutcome.PROCESSING, DAY_1)

    assert [(1, AttemptKind.TIMELINE, "d01-charge", "processing")] == attempts(case)
    assert "d01-charge" in case.steps
    assert {} == case.unfinished
    assert [HoldReason.PAYMENT_PROCESSING] == [hold.reason for hold in case.holds]


def test_r22_its_news_is_heard_before_it_is_given_up() -> None:
    """The news is what interrupts it."""
    case, effect = a_begun_charge()

    case = life.interrupted(told(case, effect, ChargeOutcome.PROCESSING, DAY_1), effect)

    assert {} == case.unfinished


@pytest.mark.parametrize("answer", [ChargeOutcome.PROCESSING, ChargeOutcome.DECLINED])
def test_r22_an_attempt_that_was_told_and_then_answered_is_one(answer: ChargeOutcome) -> None:
    """The request's own answer may come after the news."""
    case, effect = a_begun_charge()
    decline = a_decline() if answer is ChargeOutcome.DECLINED else None
    case = told(case, effect, answer, DAY_1)

    case = life.book(case, effect, ChargeResult(outcome=answer, decline=decline, invoice=InvoiceNow()), DAY_1)

    assert [(1, AttemptKind.TIMELINE, "d01-charge", answer.value)] == attempts(case)
    assert effect.step == case.steps["d01-charge"].step


def test_r22_the_banks_answer_follows_it() -> None:
    """In the place of what was told before, once, however often it is told."""
    case, effect = a_begun_charge()
    case = told(case, effect, ChargeOutcome.PROCESSING, DAY_1)

    for event in ("b", "c"):
        case = told(case, effect, ChargeOutcome.DECLINED, LATER, event)
    case = told(case, effect, ChargeOutcome.PROCESSING, LATER, "late")

    assert [(1, AttemptKind.TIMELINE, "d01-charge", "declined")] == attempts(case)
    assert () == case.holds
    assert case.decline


def test_r22_a_method_that_came_after_it_is_still_tried() -> None:
    """The lost charge was of the method before."""
    case, effect = a_begun_charge()
    case = new_method("m")(life.interrupted(case, effect), DAY_1)

    case = told(case, effect, ChargeOutcome.DECLINED, LATER)

    assert 0 == case.method_tried
    assert [PaymentMethodChanged()] == [e.event for e in case.unwritten if isinstance(e.event, PaymentMethodChanged)]


def a_begun_charge() -> tuple[Case, Effect]:
    """A case, and the charge of its first day."""
    case = a_case()
    decision = decide(case, DAY_1)
    assert isinstance(decision, Act)
    return case, decision.effects[0]


def told(case: Case, effect: Effect, outcome: ChargeOutcome, when: datetime, event_id: str = "a") -> Case:
    attempt = events.ReportedAttempt(
        at=DAY_1,
        kind=AttemptKind.TIMELINE,
        outcome=outcome,
        decline=a_decline() if outcome is ChargeOutcome.DECLINED else None,
        number=1,
        step=effect.step.key,
    )
    return news.invoice_changed(case, events.InvoiceChanged(event_id=event_id, attempt=attempt), when)


def attempts(case: Case) -> list[tuple[int, AttemptKind, str, str]]:
    return [(one.number, one.kind, one.step, one.outcome.value) for one in case.attempts]
