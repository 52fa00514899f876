"""What the invoice's standing allows, effect by effect; and what a case makes of it."""

from datetime import datetime, timedelta

import pytest

from domain import events, news
from domain.case import Case, ChargeOutcome, HoldReason, Outcome
from domain.decisions import Effect
from domain.gates import ALLOW, Answer, Postpone, Refuse, stop
from domain.invoice import InvoiceNow, InvoiceState, SubscriptionState
from domain.kinds.access import AccessStep
from domain.kinds.cancellation import CancelStep
from domain.kinds.charge import ChargeResult, ChargeStep
from domain.kinds.message import ContactOutcome, ContactState, ContactTask, MessageStep
from domain.retries import OwnTries
from domain.rules.invoice import Aim, CancelledSubscription, judge_now
from domain.steps import Step
from domain.tasks import Done
from tests.domain.builders import PLAIN, Life, Result, a_case, at, live, usd
from tests.domain.builders import Answer as Answers

NOON = at("04-05 12:00")
DAY = timedelta(days=1)
STANDINGS = {
    "ordinary": InvoiceNow(subscription=SubscriptionState.RUNS, paying=False, sent=False),
    "paid": InvoiceNow(state=InvoiceState.PAID),
    "paying": InvoiceNow(paying=True),
    "verifying": InvoiceNow(verifying=True),
    "transfer": InvoiceNow(transfer=True),
    "sign-up": InvoiceNow(subscription=SubscriptionState.NOT_BEGUN),
    "ended": InvoiceNow(subscription=SubscriptionState.ENDED),
    "not due": InvoiceNow(sent=True, due_at=NOON + DAY),
    "due": InvoiceNow(sent=True, due_at=NOON - DAY),
    "deleted": InvoiceNow(customer_deleted=True),
    "retried": InvoiceNow(tries=OwnTries(next_at=NOON + timedelta(minutes=59))),
    "planned": InvoiceNow(tries=OwnTries(next_at=NOON + timedelta(minutes=61))),
}
ANSWERS = """
           charge   say      limit    end      hand_over give_up  settle   give_back
ordinary   yes      yes      yes      yes      yes       yes      yes      yes
paid       no       no       no       no       no        no       no       yes
paying     later    later    later    later    later     later    later    yes
verifying  later    yes      yes      yes      yes       yes      yes      yes
transfer   no       yes      yes      yes      yes       yes      yes      yes
sign-up    no       no       no       no       no        no       no       yes
ended      no       yes      no       yes      yes       yes      yes      yes
not due    later    yes      later    later    later     later    yes      yes
due        no       yes      yes      yes      yes       yes      yes      yes
deleted    no       no       yes      yes      yes       yes      yes      yes
retried    later    yes      yes      yes      yes       yes      yes      yes
planned    yes      yes      yes      yes      yes       yes      yes      yes
"""


def said(answer: Answer) -> str:
    return {Postpone: "later", Refuse: "no"}.get(type(answer), "yes")


def test_every_effect_has_its_answer_to_every_standing() -> None:
    """The whole table, so that a change of one cell is seen."""
    rows = []
    for name, standing in STANDINGS.items():
        cells = [said(judge_now(standing, aim, NOON)) for aim in Aim]
        rows.append([*name.split(), *cells])

    assert [line.split() for line in ANSWERS.strip().splitlines()[1:]] == rows


def test_a_policy_may_go_on_charging_for_an_ended_subscription() -> None:
    assert ALLOW == judge_now(STANDINGS["ended"], Aim.CHARGE, NOON, after_cancellation=True)


@pytest.mark.parametrize("aim", list(Aim))
def test_an_answer_names_its_rule(aim: Aim) -> None:
    """Every refusal and every postponement is recorded with the rule that caused it."""
    answers = [judge_now(standing, aim, NOON) for standing in STANDINGS.values()]

    assert all(answer.rule and answer.why for answer in answers if isinstance(answer, Postpone | Refuse))


def found_by(kind: type[Step], standing: InvoiceNow) -> Answers:
    """Answers of activities that find the invoice so, once."""
    left = [standing]

    def answers(_case: Case, act: Effect, _now: datetime) -> Result | None:
        if not isinstance(act.step, kind) or not left:
            return None
        read = left.pop()
        found = stop(judge_now(read, act.step.aim, act.task.as_of))
        assert found
        match act.step:
            case ChargeStep():
                return ChargeResult(outcome=ChargeOutcome.STOPPED, invoice=read, stopped=found)
            case MessageStep():
                return ContactOutcome(state=ContactState.STOPPED, invoice=read, stopped=found)
        return Done(invoice=read, stopped=found)

    return answers


@pytest.mark.parametrize("kind", [ChargeStep, MessageStep, AccessStep, CancelStep])
def test_a_case_stands_still_while_the_customers_debit_is_on_its_way(kind: type[Step]) -> None:
    """Found by whichever effect came first. Two weeks without news, and it goes on; nothing was left out."""
    paying = InvoiceNow(paying=True, remaining=usd("100"))
    life = live(a_case(), answers=found_by(kind, paying))
    plain = live(a_case())

    waited = [entry for entry in life.case.record if "payment processing" in entry.what]
    assert waited
    assert {key for key, _ in plain.case.steps.items()} == {key for key, _ in life.case.steps.items()}
    assert plain.outcome is life.outcome
    assert life.ended_at
    assert plain.ended_at
    assert timedelta(days=14) <= life.ended_at - plain.ended_at


def test_a_debit_that_failed_lets_the_case_go_on_at_once() -> None:
    """The provider's news says that nothing is on its way any more."""
    paying = events.InvoiceChanged(event_id="e1", paying=True)
    failed = events.InvoiceChanged(event_id="e2", paying=False)
    case = news.invoice_changed(a_case(), paying, NOON)
    assert [HoldReason.PAYMENT_PROCESSING] == [hold.reason for hold in case.holds]

    assert () == news.invoice_changed(case, failed, NOON + DAY).holds


def test_an_event_that_does_not_show_the_payments_releases_nothing() -> None:
    """A credit note while the debit is on its way."""
    case = news.invoice_changed(a_case(), events.InvoiceChanged(event_id="e1", paying=True), NOON)

    noted = news.invoice_changed(case, events.InvoiceChanged(event_id="e2", remaining=usd("60")), NOON)

    assert (usd("60"), 1) == (noted.due, len(noted.holds))


def ended_on_day_4(policy: CancelledSubscription) -> Life:
    ended = events.InvoiceChanged(event_id="e", subscription=SubscriptionState.ENDED)
    case = a_case(policy=PLAIN.model_copy(update={"cancelled_subscription": policy}))
    return live(case, told=[(at("04-05 12:00"), lambda case, now: news.invoice_changed(case, ended, now))])


def test_nothing_is_charged_after_the_customer_ended_the_subscription() -> None:
    """The default: the customer is asked for what was used; nothing is restricted or announced as cancelled."""
    life = ended_on_day_4(CancelledSubscription.STOP_CHARGING)

    assert ["04-02 10:00 d01-charge", "04-04 10:00 d03-charge"] == life.of(ChargeStep)
    assert [] == life.of(AccessStep)
    later = [act.task.facts for when, act in life.acts if isinstance(act.task, ContactTask) and when > NOON]
    assert later
    assert {(None, None, False)} == {(facts.next_charge_on, facts.restricts_on, facts.cancels) for facts in later}


def test_a_policy_may_close_the_case_with_the_subscription() -> None:
    life = ended_on_day_4(CancelledSubscription.CLOSE)

    assert Outcome.CANCELLED is life.outcome
    assert at("04-05 12:00") == life.ended_at


def test_a_policy_may_go_on_as_before() -> None:
    life = ended_on_day_4(CancelledSubscription.GO_ON)

    assert 6 == len(life.of(ChargeStep))


def test_a_sign_up_that_was_never_finished_ends_its_case() -> None:
    """However it came to be opened: nobody has become a customer."""
    fact = events.InvoiceChanged(event_id="e", subscription=SubscriptionState.NOT_BEGUN)
    life = live(a_case(), told=[(NOON, lambda case, now: news.invoice_changed(case, fact, now))])

    assert Outcome.CANCELLED is life.outcome
