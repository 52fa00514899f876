"""With the agency: acknowledgement, payments, recall, return, deadline."""

from datetime import datetime, timedelta

import pytest

from domain import changes, events, life, news, orders, step_orders
from domain.case import Case, Outcome
from domain.decisions import Act, Effect, Wait
from domain.events import AgencyReport
from domain.invoice import InvoiceNow, InvoiceState
from domain.kinds.handoff import HandoffResult
from domain.kinds.outside_payment import OutsidePaymentStep
from domain.kinds.recall import RecallStep, RecallTask
from domain.kinds.write_off import WriteOffStep
from domain.money import Money
from domain.tasks import Done
from tests.domain.builders import Event, a_case, a_policy, at, checked, live, new_method, payment, usd

HANDED_OVER = live(a_case(), until=at("04-30 00:00")).case


def agency(report: AgencyReport, amount: Money | None = None, event_id: str = "a1") -> Event:
    fact = events.AgencyReported(event_id=event_id, report=report, amount=amount)

    def tell(case: Case, now: datetime) -> Case:
        fresh = changes.once(case, event_id)
        return news.agency_reported(fresh, fact, now) if fresh else case

    return tell


def rest(*told: tuple[str, Event]) -> list[str]:
    """What happens to the handed-over case from 30 April on."""
    return live(HANDED_OVER, start=at("04-30 00:00"), told=[(at(when), event) for when, event in told]).table


def test_an_agency_that_says_nothing_is_reminded_once_and_the_deadline_ends_the_case() -> None:
    """Five days for the acknowledgement, fourteen in all."""
    assert ["05-04 10:00 handoff-again", "05-13 10:00 collections"] == rest()


def test_an_agency_that_acknowledged_is_not_reminded() -> None:
    """Only the deadline is left."""
    assert ["05-13 10:00 collections"] == rest(("05-01 12:00", agency(AgencyReport.ACKNOWLEDGED)))


def test_an_agency_that_only_reports_a_payment_has_acknowledged_by_it() -> None:
    """Whoever reports has the case."""
    assert ["05-01 12:00 outside-1", "05-13 10:00 collections"] == rest(
        ("05-01 12:00", agency(AgencyReport.PAYMENT, usd("10")))
    )


def test_a_part_payment_with_the_agency_lowers_what_is_due_and_recalls_nothing() -> None:
    """Ten of a hundred dollars."""
    life = live(
        HANDED_OVER, start=at("04-30 00:00"), told=[(at("05-01 12:00"), agency(AgencyReport.PAYMENT, usd("10")))]
    )

    assert usd("90") == life.case.due
    assert [] == life.of(RecallStep)


def test_a_full_payment_with_the_agency_recalls_the_case_and_ends_it_as_recovered() -> None:
    """In two payments; the subscription is gone, so no service is restored."""
    told = [
        ("05-01 12:00", agency(AgencyReport.PAYMENT, usd("60"), "a1")),
        ("05-02 12:00", agency(AgencyReport.PAYMENT, usd("40"), "a2")),
        ("05-02 13:00", agency(AgencyReport.PAYMENT, usd("40"), "a2")),
    ]

    assert [
        "05-01 12:00 outside-1",
        "05-02 12:00 end-recall",
        "05-02 12:00 outside-2",
        "05-02 12:00 recovered",
    ] == rest(*told)


def test_more_than_is_due_from_an_agency_is_taken_up_to_what_is_due() -> None:
    """A nought too many: the rest is nothing that the customer was ever asked for, and a human is told to ask."""
    told = [(at("05-01 12:00"), agency(AgencyReport.PAYMENT, usd("1000")))]
    life = live(HANDED_OVER, start=at("04-30 00:00"), told=told)

    assert (Outcome.RECOVERED, usd("900")) == (life.outcome, life.case.refund_due)
    [recorded] = [effect.step for _, effect in life.acts if isinstance(effect.step, OutsidePaymentStep)]
    assert usd("100") == recorded.amount
    [said] = [entry.why for entry in life.case.record if entry.what == "refund due"]
    assert "the agency reported 1000.00 USD, and 100.00 USD were due: ask it whether that is right" in said


def test_a_payment_to_the_merchant_recalls_the_case() -> None:
    """The agency must stop at once."""
    assert ["05-02 12:00 end-recall", "05-02 12:00 recovered"] == rest(("05-02 12:00", payment("p", usd("100"))))


def test_a_settlement_recalls_the_case_and_gives_up_the_rest() -> None:
    """Settled for forty dollars."""
    settle = ("05-02 12:00", lambda c, n: orders.settle(c, events.Settle(amount=usd("40")), n))

    assert ["05-02 12:00 end-recall", "05-02 12:00 end-write_off", "05-02 12:00 settled"] == rest(settle)


def test_a_write_off_recalls_the_case() -> None:
    """An operator gives up."""
    order = ("05-02 12:00", lambda c, n: orders.write_off(c, events.WriteOff(), n))

    assert ["05-02 12:00 end-recall", "05-02 12:00 end-write_off", "05-02 12:00 written_off"] == rest(order)


def test_a_case_that_the_agency_returns_is_written_off_without_a_recall() -> None:
    """There is nobody to recall it from."""
    told = ("05-02 12:00", agency(AgencyReport.RETURNED))

    assert ["05-02 12:00 end-write_off", "05-02 12:00 written_off"] == rest(told)


def test_the_agency_works_alone_no_charge_and_no_message_beside_it() -> None:
    """A new card changes nothing for a case that is with the agency."""
    assert ["05-04 10:00 handoff-again", "05-13 10:00 collections"] == rest(("05-01 12:00", new_method("m")))


def test_a_payment_reported_without_an_amount_is_noted_and_not_booked() -> None:
    """What is due is not guessed."""
    life = live(HANDED_OVER, start=at("04-30 00:00"), told=[(at("05-01 12:00"), agency(AgencyReport.PAYMENT))])

    assert usd("100") == life.case.due
    assert any("without an amount" in entry.why for entry in life.case.record)


def test_a_report_about_a_case_that_no_agency_has_changes_nothing() -> None:
    """The wrong invoice number on an agency's list."""
    case = a_case()
    after = agency(AgencyReport.PAYMENT, usd("100"))(case, at("04-02 12:00"))

    assert case.due == after.due
    assert after.closing is None


def test_a_deadline_before_the_acknowledgement_ends_without_a_reminder() -> None:
    """Two days with the agency, five for the acknowledgement."""
    policy = a_policy(
        endgame={"collections": {"minimum": {"USD": 50}, "acknowledge_within_days": 5, "deadline_days": 2}}
    )

    assert ["04-29 10:00 d28-escalate", "05-01 10:00 collections"] == live(a_case(policy=policy)).table[-2:]


@pytest.mark.parametrize("due", ["49.99", "50.00"])
def test_the_minimum_itself_is_worth_an_agencys_work(due: str) -> None:
    """From fifty dollars on."""
    expected = Outcome.COLLECTIONS if due == "50.00" else Outcome.WRITTEN_OFF

    assert expected is live(a_case(due=usd(due))).outcome


def test_a_currency_without_a_minimum_is_written_off() -> None:
    """No row, no agency."""
    assert Outcome.WRITTEN_OFF is live(a_case(due=Money(amount=10**9, currency="CLP"))).outcome


def test_the_providers_own_news_of_the_write_off_causes_no_second_one() -> None:
    """The invoice is marked uncollectible once, although the webhook about it comes before the case closes."""

    def told_at_once(_case: Case, act: Effect, _now: object) -> Done | None:
        return (
            Done(invoice=InvoiceNow(state=InvoiceState.UNCOLLECTIBLE)) if isinstance(act.step, WriteOffStep) else None
        )

    life = live(a_case(due=usd("20")), answers=told_at_once)

    assert ["04-29 10:00 d28-escalate"] == life.of(WriteOffStep)
    assert Outcome.WRITTEN_OFF is life.outcome


def test_both_deliveries_are_recalled_when_the_agency_made_two_files() -> None:
    """The second delivery is one of its own for the agency: recalled alone, the first would leave it at work."""

    def answers(_case: Case, act: Effect, _now: datetime) -> HandoffResult | None:
        return HandoffResult(reference="agency-2") if act.step.key == "handoff-again" else None

    life = live(
        HANDED_OVER,
        start=at("04-30 00:00"),
        answers=answers,
        told=[(at("05-06 12:00"), payment("p", usd("100")))],
    )

    references = [effect.task.reference for _, effect in life.acts if isinstance(effect.task, RecallTask)]
    assert ["agency-1", "agency-2"] == references
    assert Outcome.RECOVERED is life.outcome


def test_an_agency_that_cannot_be_reached_is_asked_again_after_its_deadline() -> None:
    """The recall was ordered a day before: its next try is waited for, and the date that is over is not."""
    now = at("05-12 12:00")
    case = step_orders.recall(HANDED_OVER, events.Recall(by="pat"), now)
    tries = []
    while now < at("05-15 00:00"):
        match checked(case, now):
            case Act(effects=[effect]):
                tries.append(now)
                case = life.unanswered(case, effect, now, "the agency cannot be reached")
            case Wait(until=until) if until:
                assert timedelta(minutes=30) < until - now
                now = until

    assert at("05-13 10:00") < tries[-1]
