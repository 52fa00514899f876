"""Ways in which a hostile review made money disappear, or be asked for twice."""

from datetime import datetime, timedelta

from domain import changes, events, life, news
from domain.case import Case, ChargeOutcome, Outcome
from domain.changes import invoice_is
from domain.decisions import Effect
from domain.gates import stop
from domain.invoice import InvoiceNow, MethodRef, SubscriptionState
from domain.kinds.cancellation import CancelStep
from domain.kinds.charge import ChargeResult, ChargeStep
from domain.kinds.outside_payment import OutsidePaymentStep, RecordPaymentResult
from domain.policy import Policy
from domain.rules.invoice import CancelledSubscription, judge_now
from domain.steps import Step
from domain.tasks import Done
from tests.domain.builders import PLAIN, Answer, Result, a_case, at, disputed, live, paid_outside, usd
from tests.domain.test_methods import OTHER, RENEWED, on

NOON = at("04-05 12:00")
HOUR = timedelta(hours=1)


def told(case: Case, remaining: str, event: str, when: datetime = NOON) -> Case:
    return news.invoice_changed(case, events.InvoiceChanged(event_id=event, remaining=usd(remaining)), when)


def test_an_event_after_a_transfer_takes_it_off_once() -> None:
    """A credit note's event repeats what Stripe still shows: sixty are known here alone, and forty are owed."""
    case = paid_outside("t", usd("60"))(a_case(), NOON)
    for number in range(3):
        case = told(case, "100", f"e{number}")

    assert (usd("40"), None) == (case.due, case.closing)
    assert usd("10") == told(case, "70", "credited").due


def test_a_transfer_that_stripe_knows_already_does_not_pay_the_rest() -> None:
    """It was recorded and the answer was lost: a reading of forty is the debt, not sixty too little."""
    case = paid_outside("t", usd("60"))(a_case(), NOON)

    read = invoice_is(case, InvoiceNow(remaining=usd("40")), NOON, "d05-remind")

    assert (usd("40"), None) == (read.due, read.closing)


def test_a_transfer_during_a_dispute_is_recorded_at_once() -> None:
    """A dispute lasts for weeks, and Stripe's own pages go on asking for what was paid."""
    lived = live(
        a_case(), told=[(NOON, disputed()), (NOON + HOUR, paid_outside("t", usd("40")))], until=NOON + 9 * HOUR
    )

    assert ["04-05 13:00 outside-1"] == lived.of(OutsidePaymentStep)
    assert lived.case.holds


def found_paying(kind: type[Step]) -> Answer:
    """The first effect of a kind meets a debit that is on its way."""
    left = [InvoiceNow(paying=True)]

    def answers(_case: Case, act: Effect, _now: datetime) -> Result | None:
        if not isinstance(act.step, kind) or not left:
            return None
        read = left.pop()
        found = stop(judge_now(read, act.step.aim, act.task.as_of))
        answer = RecordPaymentResult if kind is OutsidePaymentStep else Done
        return answer(invoice=read, stopped=found)

    return answers


def returned(case: Case, now: datetime) -> Case:
    return news.invoice_changed(case, events.InvoiceChanged(event_id="returned", paying=False), now)


def test_a_debit_that_comes_back_within_hours_does_not_save_the_subscription() -> None:
    """The cancellation was put off by a day, the case ended meanwhile, and the billing went on."""
    end = at("04-29 10:00")
    lived = live(a_case(), told=[(end + 3 * HOUR, returned)], answers=found_paying(CancelStep))

    assert ["04-29 10:00 d28-cancel_subscription", "04-29 13:00 d28-cancel_subscription"] == lived.of(CancelStep)


def test_a_transfer_is_recorded_before_the_end_whatever_put_it_off() -> None:
    """Else the agency would collect it once more."""
    end = at("04-29 10:00")
    lived = live(
        a_case(),
        told=[(end - 2 * HOUR, paid_outside("t", usd("40"))), (end + 2 * HOUR, returned)],
        answers=found_paying(OutsidePaymentStep),
    )

    table = lived.table
    assert table.index("04-29 12:00 outside-1") < table.index("04-29 12:00 d28-escalate")


def test_a_card_that_was_just_declined_for_good_is_not_tried_again_at_once() -> None:
    """The answer came with the news that this card is the default now; the decline is its own."""
    case = invoice_is(a_case(on(RENEWED, "insufficient_funds")), InvoiceNow(method=RENEWED), NOON, "opening")
    [act] = [act for _, act in live(a_case()).acts if isinstance(act.step, ChargeStep)][:1]
    answer = ChargeResult(
        outcome=ChargeOutcome.DECLINED, decline=on(OTHER, "stolen_card"), invoice=InvoiceNow(method=OTHER)
    )

    booked = life.book(case, act, answer, NOON)

    assert (0, "stolen_card") == (booked.method_changes, booked.decline.code if booked.decline else None)


def test_another_engines_decline_of_the_new_card_is_heard_with_the_card() -> None:
    case = invoice_is(a_case(on(RENEWED, "insufficient_funds")), InvoiceNow(method=RENEWED), NOON, "opening")
    attempt = events.ReportedAttempt(at=NOON, decline=on(OTHER, "stolen_card"))

    heard = news.invoice_changed(case, events.InvoiceChanged(event_id="x", attempt=attempt, method=OTHER), NOON)

    assert (0, "stolen_card") == (heard.method_changes, heard.decline.code if heard.decline else None)


def test_a_stolen_card_is_not_forgotten_by_trying_another() -> None:
    """The default flips every day between a stolen card and one without funds."""
    stolen = MethodRef(id="pm_s", fingerprint="fp_s", expiry="1/2033")
    case = invoice_is(a_case(on(stolen, "stolen_card")), InvoiceNow(method=stolen), NOON, "opening")

    case = invoice_is(case, InvoiceNow(method=OTHER), NOON, "d05")
    back = invoice_is(
        changes.declined(case, on(OTHER, "insufficient_funds"), NOON), InvoiceNow(method=stolen), NOON, "d06"
    )

    assert 1 == back.method_changes
    assert "stolen_card" == (back.decline.code if back.decline else None)


def test_our_own_cancellation_without_an_answer_does_not_end_the_debt() -> None:
    """Under a policy that closes with the subscription, and the provider's event comes before our activity's answer."""
    policy: Policy = PLAIN.model_copy(update={"cancelled_subscription": CancelledSubscription.CLOSE})
    case = a_case(policy=policy)
    step = CancelStep(key="d28-cancel_subscription", due=NOON, day=28)
    begun = step.lost(case)
    ended = news.invoice_changed(begun, events.InvoiceChanged(event_id="e", subscription=SubscriptionState.ENDED), NOON)

    assert Outcome.CANCELLED is not live(ended, start=NOON).outcome
