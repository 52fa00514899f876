"""A payment that was taken back after the end: whether it is billed anew, and how the new invoice's case lives."""

import pytest

from domain import events, news
from domain.agency import Handoff
from domain.case import Case, Closing, Outcome
from domain.gates import ALLOW, Refuse
from domain.invoice import InvoiceNow, SubscriptionState
from domain.kinds.charge import ChargeStep
from domain.kinds.message import MessageStep
from domain.kinds.outside_payment import OutsidePaymentStep
from domain.kinds.recall import RecallStep
from domain.policy import Admission, Policy, TakenBack
from domain.reopening import billed_anew
from domain.steps import Stage
from tests.domain.builders import a_case, a_decline, a_policy, at, facts_of, live, usd

NOON = at("04-05 12:00")
REOPENS = a_policy().model_copy(update={"taken_back": TakenBack.REOPEN})
RUNS = InvoiceNow(subscription=SubscriptionState.RUNS)


def asked(
    invoice: InvoiceNow = RUNS,
    policy: Policy = REOPENS,
    *,
    second_round: bool = False,
    given_up: bool = False,
    of_subscription: bool = True,
) -> str | None:
    case = {"second_round": second_round, "given_up": given_up, "of_subscription": of_subscription}
    answer = billed_anew(invoice, usd("20"), policy, **case)
    return answer.rule if isinstance(answer, Refuse) else None if answer is ALLOW else "?"


def test_by_default_an_operator_decides() -> None:
    """The safe one of the two."""
    assert TakenBack.OPERATOR is a_policy().taken_back
    assert "taken-back" == asked(policy=a_policy())


def test_by_policy_it_is_billed_anew() -> None:
    assert asked() is None


def test_it_is_billed_anew_once() -> None:
    """Whoever takes the second payment back as well is left to an operator: else it would never end."""
    assert "taken-back-twice" == asked(second_round=True)


def test_who_was_given_up_is_not_billed_anew() -> None:
    """An agency has the debt, or nobody asks for it any more."""
    assert "taken-back-given-up" == asked(given_up=True)


@pytest.mark.parametrize(
    ("invoice", "rule"),
    [
        (InvoiceNow(subscription=SubscriptionState.ENDED), "taken-back-ended"),
        (InvoiceNow(sent=True), "admission-sent"),
        (InvoiceNow(customer_deleted=True), "admission-deleted"),
    ],
    ids=["subscription ended", "sent", "customer deleted"],
)
def test_who_would_get_no_case_gets_no_second_one(invoice: InvoiceNow, rule: str) -> None:
    """Asked before anything is billed: an invoice without a case would be forgotten."""
    assert rule == asked(invoice)


def test_what_is_too_little_for_a_case_is_not_billed_anew() -> None:
    policy = REOPENS.model_copy(update={"admission": Admission(minimum=(usd("50"),))})

    assert "admission-minimum" == asked(policy=policy)


def reopened(*, contested: bool = False) -> Case:
    """Money of in_0 was taken back, and in_1 bills it anew."""
    case = a_case(decline=None)
    facts = case.facts.model_copy(update={"reopens": "in_0", "contested": contested, "tried_before": False})
    return case.but(facts=facts)


def test_a_debit_that_came_back_for_want_of_funds_is_tried_again_by_the_timeline() -> None:
    lived = live(reopened().but(decline=a_decline(), declined_at=reopened().facts.opened_at))

    assert lived.of(ChargeStep)


def test_a_lost_dispute_is_never_charged_by_itself() -> None:
    """The customer may pay it; messages ask for it to the end."""
    lived = live(reopened(contested=True))

    assert [] == lived.of(ChargeStep)
    assert lived.of(MessageStep)


def test_a_new_card_is_not_charged_for_what_a_dispute_took_back() -> None:
    """It was given for the subscription, and not for this."""
    changed = reopened(contested=True).but(method_changes=1)

    assert [] == live(changed).of(ChargeStep)


def test_a_message_says_that_the_payment_came_back() -> None:
    """And not that a payment failed: none was tried for this invoice."""
    said = facts_of(reopened(), Stage.FRIENDLY, NOON)

    assert (True, False) == (said.came_back, said.tried)


def given_up(outcome: Outcome, handoff: Handoff | None = None) -> Case:
    """A case that has ended without its money."""
    return a_case().but(closed=True, closing=Closing(outcome=outcome, why="over", at=NOON), handoff=handoff)


def test_what_an_agency_has_is_recalled_when_it_is_paid_after_all() -> None:
    """R40: the case had ended with the agency, which would go on asking for it."""
    case = given_up(Outcome.COLLECTIONS, Handoff(at=NOON, references=("agency-1",)))
    paid = events.PaymentReceived(event_id="evt_late", amount=case.due, remaining=usd("0"))

    resumed = news.paid_after_all(case, paid, NOON)

    assert resumed
    lived = live(resumed, start=NOON)
    assert ["04-05 12:00 end-recall"] == lived.of(RecallStep)
    assert (Outcome.RECOVERED, usd("0")) == (lived.outcome, lived.case.due)
    assert news.paid_after_all(lived.case, paid, NOON) is None


def test_a_part_that_comes_in_late_is_recorded_and_the_case_ends_as_before() -> None:
    """By the agency, whose time was over."""
    case = given_up(Outcome.COLLECTIONS, Handoff(at=NOON, references=("agency-1",)))
    told = events.AgencyReported(event_id="agency-7", report=events.AgencyReport.PAYMENT, amount=usd("40"))

    resumed = news.paid_after_all(case, told, NOON)

    assert resumed
    lived = live(resumed, start=NOON)
    assert ["04-05 12:00 outside-1"] == lived.of(OutsidePaymentStep)
    assert [] == lived.of(RecallStep)
    assert (Outcome.COLLECTIONS, usd("60")) == (lived.outcome, lived.case.due)
