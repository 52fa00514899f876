"""Money that came in outside the payment provider: recorded there before anything is charged again."""

from datetime import datetime

from domain import events, life
from domain.case import Case, ChargeOutcome, Outcome, StepState
from domain.changes import REFUND_DUE
from domain.decisions import Effect
from domain.gates import Stopped
from domain.invoice import InvoiceNow, InvoiceState
from domain.kinds.charge import ChargeResult, ChargeStep
from domain.kinds.outside_payment import OutsidePaymentStep, RecordPaymentResult, RecordPaymentTask
from domain.kinds.write_off import WriteOffStep
from domain.money import Money
from tests.domain.builders import Answer, a_case, a_decline, at, live, paid_outside, payment, usd

NOON = at("04-05 12:00")


class Provider:
    """Its own account of the invoice: what it was not told of, it would charge."""

    def __init__(self) -> None:
        self.remaining = usd("100")
        self.asked_for: list[Money] = []

    def __call__(self, _case: Case, act: Effect, now: datetime) -> ChargeResult | RecordPaymentResult | None:
        match act.task:
            case RecordPaymentTask(amount=amount):
                self.remaining = self.remaining - amount
                state = InvoiceState.OPEN if self.remaining.amount else InvoiceState.PAID
                return RecordPaymentResult(invoice=InvoiceNow(state=state, remaining=self.remaining))
        if isinstance(act.step, ChargeStep):
            self.asked_for.append(self.remaining)
            read = InvoiceNow(remaining=self.remaining)
            return ChargeResult(outcome=ChargeOutcome.DECLINED, decline=a_decline(when=now), invoice=read)
        return None


def test_what_was_paid_by_transfer_is_not_charged_again() -> None:
    """Forty of a hundred dollars: the provider is told before its next charge, and all three accounts agree."""
    provider = Provider()
    lived = live(a_case(), told=[(NOON, paid_outside("t", usd("40")))], answers=provider)

    assert ["04-05 12:00 outside-1"] == lived.of(OutsidePaymentStep)
    assert [usd("100")] * 2 + [usd("60")] * 4 == provider.asked_for
    assert usd("60") == lived.case.due == provider.remaining


def test_a_transfer_in_the_very_second_of_a_charge_is_recorded_first() -> None:
    """Both are due at once."""
    provider = Provider()
    lived = live(a_case(), told=[(at("04-06 10:00"), paid_outside("t", usd("40")))], answers=provider)

    assert "04-06 10:00 outside-1" in lived.table
    assert [usd("60")] == provider.asked_for[2:3]


def test_a_reading_before_the_payment_is_recorded_does_not_bring_the_debt_back() -> None:
    """A message's activity reads the provider's old account."""
    case = paid_outside("t", usd("40"))(a_case(), NOON)
    [act] = [act for _, act in live(a_case()).acts][:1]
    read = ChargeResult(outcome=ChargeOutcome.DECLINED, decline=a_decline(), invoice=InvoiceNow(remaining=usd("100")))

    assert usd("60") == life.book(case, act, read, NOON).due


def test_all_of_it_paid_by_transfer_is_recorded_and_ends_the_case() -> None:
    provider = Provider()
    lived = live(a_case(), told=[(NOON, paid_outside("t", usd("100")))], answers=provider)

    assert (Outcome.RECOVERED, usd("0")) == (lived.outcome, provider.remaining)


def test_more_than_is_due_is_recorded_as_what_is_due() -> None:
    provider = Provider()
    live(a_case(), told=[(NOON, paid_outside("t", usd("150")))], answers=provider)

    assert usd("0") == provider.remaining


def test_a_settlement_that_was_paid_is_recorded_and_the_rest_is_given_up() -> None:
    """Sixty of a hundred dollars are in: the provider has them, and marks only forty as uncollectible."""
    provider = Provider()
    order = events.Settle(amount=usd("60"), paid=True)
    lived = live(a_case(), told=[(NOON, lambda case, now: life.hear(case, "settle", order, now))], answers=provider)

    assert Outcome.SETTLED is lived.outcome
    assert usd("40") == provider.remaining == lived.case.due
    assert ["04-05 12:00 end-write_off"] == lived.of(WriteOffStep)


def test_a_settlement_that_is_only_agreed_is_not_recorded_as_paid() -> None:
    provider = Provider()
    order = events.Settle(amount=usd("60"))
    live(a_case(), told=[(NOON, lambda case, now: life.hear(case, "settle", order, now))], answers=provider)

    assert usd("100") == provider.remaining


def the_charge_was_first(recorded: Money) -> Answer:
    """The provider has the invoice as paid, and this much of it as come in outside."""

    def answers(_case: Case, act: Effect, _now: datetime) -> RecordPaymentResult | None:
        if not isinstance(act.step, OutsidePaymentStep):
            return None
        paid = InvoiceNow(state=InvoiceState.PAID, remaining=usd("0"))
        return RecordPaymentResult(invoice=paid, stopped=Stopped(why="the invoice is paid"), recorded=recorded)

    return answers


def refunds(case: Case) -> list[str]:
    return [entry.why for entry in case.record if entry.what == REFUND_DUE]


def test_a_transfer_and_then_a_charge_of_all_of_it_are_a_refund_that_is_due() -> None:
    """Forty of a hundred came in by transfer while a debit of a hundred was on its way, which arrived: one sentence
    says that forty are to be given back, and nothing is given back by itself."""
    lived = live(a_case(), told=[(NOON, paid_outside("t", usd("40")))], answers=the_charge_was_first(usd("0")))

    assert Outcome.RECOVERED is lived.outcome
    assert usd("40") == lived.case.refund_due
    [why] = refunds(lived.case)
    assert "40.00 USD to be given back" in why
    assert "a charge has paid the invoice as well" in why


def test_a_transfer_that_was_recorded_by_a_lost_run_came_in_once() -> None:
    """The provider has it as come in outside: the answer was lost, and not the record."""
    lived = live(a_case(), told=[(NOON, paid_outside("t", usd("100")))], answers=the_charge_was_first(usd("100")))

    assert Outcome.RECOVERED is lived.outcome
    assert (None, []) == (lived.case.refund_due, refunds(lived.case))
    assert StepState.DONE is lived.case.steps["outside-1"].state
    assert "100.00 USD recorded as paid outside" in [entry.what for entry in lived.case.record]


def test_a_lost_run_has_recorded_the_rest_of_an_invoice_that_was_paid_in_part() -> None:
    """The customer paid seventy in the same minute: thirty of the transfer are recorded, and seventy came in twice."""
    lived = live(a_case(), told=[(NOON, paid_outside("t", usd("100")))], answers=the_charge_was_first(usd("30")))

    assert StepState.DONE is lived.case.steps["outside-1"].state
    assert "30.00 USD recorded as paid outside" in [entry.what for entry in lived.case.record]
    assert usd("70") == lived.case.refund_due


def test_a_transfer_of_more_than_is_due_is_a_refund_of_the_rest() -> None:
    lived = live(a_case(), told=[(NOON, paid_outside("t", usd("150")))], answers=Provider())

    assert (usd("0"), usd("50")) == (lived.case.due, lived.case.refund_due)
    assert ["50.00 USD to be given back: 150.00 USD came in outside the payment provider, and 100.00 USD were due"] == (
        refunds(lived.case)
    )


def test_a_transfer_after_the_payment_is_a_refund_of_all_of_it() -> None:
    """The case is paid and about to end: the transfer was not to be booked, and nobody was told."""
    case = payment("p", usd("100"))(a_case(), NOON)

    case = paid_outside("t", usd("100"))(case, NOON)

    assert usd("100") == case.refund_due
    assert 1 == len(refunds(case))


def test_what_the_provider_counts_as_too_much_is_told_once() -> None:
    """Several events show it."""
    case = a_case()
    for number in range(2):
        fact = events.PaymentReceived(
            event_id=f"evt_{number}", amount=usd("100"), remaining=usd("0"), overpaid=usd("100")
        )
        case = life.hear(case, "payment_received", fact, NOON)

    assert usd("100") == case.refund_due
    assert 1 == len(refunds(case))
