"""What policy and rules say to an order, before it is given."""

from datetime import datetime

import pytest

from domain import events, life
from domain.case import Case
from domain.gates import Refuse
from domain.invoice import NO_METHOD, InvoiceNow, SubscriptionState
from domain.order_rules import ask_rules
from domain.steps import AttemptKind
from tests.domain.builders import a_case, a_policy, at, live, rule, situation
from tests.domain.test_rails import USED_UP
from tests.domain.test_too_small import SMALL

NOW = at("04-02 12:00")
FEW = a_policy(retries={"max_attempts": 6})
NO_AGENCY = a_policy(endgame={"collections": None})


def said(case: Case, name: str, order: events.Order, now: datetime = NOW) -> str | None:
    """Why it is refused, of an order that the case itself would take."""
    assert life.refused(case, name, order, now) is None
    answer = ask_rules(situation(case, now), name, order)
    return answer.why if isinstance(answer, Refuse) else None


def retried(case: Case, now: datetime) -> Case:
    return life.hear(case, "retry_now", events.RetryNow(), now)


def knowing(invoice: InvoiceNow) -> Case:
    case = a_case()
    return case.but(invoice=case.invoice.known_with(invoice))


def test_a_handoff_under_a_policy_without_an_agency_is_refused_with_what_to_do() -> None:
    with_agency, without = rule(a_case(), NOW).case, rule(a_case(policy=NO_AGENCY), NOW).case

    assert said(with_agency, "hand_off", events.HandOff()) is None
    why = str(said(without, "hand_off", events.HandOff()))
    assert "ends without an agency: write it off here" in why


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (a_case("insufficient_funds", limit=USED_UP), "no further debit by ACH after 3 of one invoice."),
        (a_case(too_small=SMALL), "0.30 USD is less than"),
        (knowing(InvoiceNow(method=NO_METHOD)), "no payment method on file"),
        (knowing(InvoiceNow(sent=True)), "sent to be paid by the customer"),
        (knowing(InvoiceNow(subscription=SubscriptionState.ENDED)), "the subscription has ended"),
        (knowing(InvoiceNow(customer_deleted=True)), "the customer was deleted"),
    ],
)
def test_a_retry_that_every_rule_would_refuse_is_refused_at_once(case: Case, says: str) -> None:
    assert says in str(said(case, "retry_now", events.RetryNow()))


def test_a_retry_beyond_the_policys_attempts_is_refused_at_once() -> None:
    told = [(at(f"04-{day:02d} 12:00"), retried) for day in range(1, 8)]
    case = live(a_case(policy=FEW), told=told, until=at("04-09 00:00")).case

    assert "Nothing would be charged: all 6 attempts of the policy are used." == said(
        case, "retry_now", events.RetryNow(), at("04-09 12:00")
    )


def test_a_retry_that_is_only_too_early_is_taken_and_made_later() -> None:
    case = live(a_case(), until=NOW).case

    assert AttemptKind.TIMELINE in {attempt.kind for attempt in case.attempts}
    assert said(case, "retry_now", events.RetryNow()) is None


@pytest.mark.parametrize("name", ["pause", "write_off"])
def test_rules_have_nothing_to_say_to_orders_that_ask_for_nothing(name: str) -> None:
    order = events.Pause() if name == "pause" else events.WriteOff()

    assert said(a_case(policy=NO_AGENCY, limit=USED_UP), name, order) is None
