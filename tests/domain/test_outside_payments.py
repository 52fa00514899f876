"""Money that came in outside the payment provider: recorded there before anything is charged again."""

from datetime import datetime

from domain import events, life
from domain.case import Case, ChargeOutcome, Outcome
from domain.decisions import Effect
from domain.invoice import InvoiceNow, InvoiceState
from domain.kinds.charge import ChargeResult, ChargeStep
from domain.kinds.outside_payment import OutsidePaymentStep, RecordPaymentTask
from domain.kinds.write_off import WriteOffStep
from domain.money import Money
from domain.tasks import Done
from tests.domain.builders import a_case, a_decline, at, live, paid_outside, usd

NOON = at("04-05 12:00")


class Provider:
    """Its own account of the invoice: what it was not told of, it would charge."""

    def __init__(self) -> None:
        self.remaining = usd("100")
        self.asked_for: list[Money] = []

    def __call__(self, _case: Case, act: Effect, now: datetime) -> ChargeResult | Done | None:
        match act.task:
            case RecordPaymentTask(amount=amount):
                self.remaining = self.remaining - amount
                state = InvoiceState.OPEN if self.remaining.amount else InvoiceState.PAID
                return Done(invoice=InvoiceNow(state=state, remaining=self.remaining))
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
