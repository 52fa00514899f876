"""A bank account that the customer gave and has to verify (R16): asked for once, and nothing is charged over it."""

from datetime import datetime, timedelta

from domain import life
from domain.case import Case, ChargeOutcome
from domain.decisions import Act, Effect
from domain.events import InvoiceChanged
from domain.gates import stop
from domain.invoice import InvoiceNow
from domain.kinds.charge import ChargeResult, ChargeStep
from domain.kinds.message import MessageStep
from domain.rules.invoice import Aim, judge_now
from domain.steps import Stage
from tests.domain.builders import a_case, at, decide, live, usd

NOON = at("04-01 12:00")
VERIFYING = InvoiceNow(verifying=True, remaining=usd("100"))


def told(case: Case) -> Case:
    return life.hear(case, "invoice_changed", InvoiceChanged(event_id="v", **dict(VERIFYING)), NOON)


def test_the_customer_is_asked_at_once_to_verify_the_account() -> None:
    """R16: also when the card's own decline asks for something else."""
    act = decide(told(a_case("expired_card")), NOON)

    assert isinstance(act, Act)
    assert isinstance(act.step, MessageStep)
    assert ("ask-verify", Stage.ACTION) == (act.step.key, act.step.stage)
    assert "e-mail at once: the bank account has to be verified, which only the customer can put right" == act.why


def test_it_is_asked_once() -> None:
    """R16: the timeline's messages say it as well, for as long as it is so."""
    asked = live(told(a_case("expired_card")), start=NOON, until=NOON + timedelta(days=10))

    assert 1 == sum("ask-" in line for line in asked.table)


def test_a_charge_waits_while_the_account_is_verified() -> None:
    """R16: a charge of the card would take the place of the payment that the customer has begun."""
    days = [1, 2]

    def answers(_case: Case, act: Effect, now: datetime) -> ChargeResult | None:
        if not isinstance(act.step, ChargeStep):
            return None
        if days and days.pop():
            found = stop(judge_now(VERIFYING, Aim.CHARGE, now))
            return ChargeResult(outcome=ChargeOutcome.STOPPED, invoice=VERIFYING, stopped=found)
        return ChargeResult(outcome=ChargeOutcome.PAID, invoice=InvoiceNow(verifying=False))

    life_ = live(a_case(), answers=answers)

    assert ["04-02 10:00 d01-charge", "04-03 10:00 d01-charge", "04-04 10:00 d03-charge"] == life_.charges
    assert "invoice-verifying" in [entry.rule for entry in life_.case.record]
