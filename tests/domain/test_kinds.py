"""What every kind of step makes of the answer that it gets."""

import pytest

from domain.case import Attempt, ChargeOutcome, HoldReason, Outcome, StepState
from domain.declines import DeclineClass
from domain.gates import Stopped
from domain.invoice import InvoiceNow, InvoiceState
from domain.kinds.access import standing_access
from domain.kinds.cancellation import is_cancelled
from domain.kinds.charge import ChargeResult, ChargeStep
from domain.kinds.message import ContactOutcome, ContactState, MessageStep, stage_of
from domain.steps import NON_COUNTING, OURS, Access, AttemptKind
from domain.tasks import Done
from tests.domain.builders import (
    a_case,
    a_decline,
    at,
    live,
    paid,
    usd,
)

NOON = at("04-05 12:00")


def test_a_charge_that_went_through_ends_the_case() -> None:
    """Whatever the provider said of the invoice at that moment."""
    life = live(a_case(), answers=lambda _c, act, _n: paid() if act.step.key == "d03-charge" else None)

    assert ["04-02 10:00 d01-charge", "04-04 10:00 d03-charge", "04-04 10:00 recovered"] == life.table
    assert usd("0") == life.case.due


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (InvoiceState.PAID, Outcome.RECOVERED),
        (InvoiceState.VOID, Outcome.CANCELLED),
        (InvoiceState.UNCOLLECTIBLE, Outcome.WRITTEN_OFF),
    ],
)
def test_an_invoice_that_is_no_longer_open_is_not_charged_and_ends_the_case(
    state: InvoiceState, outcome: Outcome
) -> None:
    """Found by the charge itself: no attempt counts."""
    gone = ChargeResult(outcome=ChargeOutcome.NOT_OPEN, invoice=InvoiceNow(state=state))
    life = live(a_case(), answers=lambda _c, act, _n: gone if isinstance(act.step, ChargeStep) else None)

    assert outcome is life.outcome
    assert () == life.case.our_attempts


@pytest.mark.parametrize("key", ["d10-restrict-read_only", "d28-cancel_subscription"])
def test_what_a_payment_prevented_is_not_booked_as_done(key: str) -> None:
    """Paid just before the restriction or the cancellation: neither happened, and the service is whole."""
    found = Done(invoice=InvoiceNow(state=InvoiceState.PAID), stopped=Stopped(why="the invoice is paid"))
    life = live(a_case(), answers=lambda _c, act, _n: found if act.step.key == key else None)

    assert StepState.SKIPPED is life.case.steps[key].state
    assert Outcome.RECOVERED is life.outcome
    assert Access.FULL is standing_access(life.case)
    assert not is_cancelled(life.case)


def test_a_draft_invoice_is_not_written_about_again_and_again() -> None:
    """A state that no case should see neither sends nor spins."""
    odd = ContactOutcome(
        state=ContactState.STOPPED,
        invoice=InvoiceNow(state=InvoiceState.DRAFT),
        stopped=Stopped(why="the invoice is draft"),
    )
    life = live(a_case(), answers=lambda _c, act, _n: odd if isinstance(act.step, MessageStep) else None)

    assert 7 == len(life.messages)


def test_a_merchant_side_decline_in_mid_case_waits_for_an_operator() -> None:
    """No message is sent about something that the customer cannot mend."""
    ops = ChargeResult(outcome=ChargeOutcome.DECLINED, decline=a_decline("invalid_amount"))
    life = live(a_case(), answers=lambda _c, act, _n: ops if act.step.key == "d03-charge" else None)

    assert ["04-02 10:00 d01-charge", "04-04 10:00 d03-charge"] == life.table
    assert [HoldReason.OPERATOR_NEEDED] == [h.reason for h in life.case.holds]
    assert DeclineClass.MERCHANT is life.case.decline_class


def test_attempts_that_do_not_count_are_told_from_those_that_do() -> None:
    """Only the merchant's own tries that reached the provider use up the budget, by whichever system or order."""
    tries = [
        Attempt(number=n, kind=kind, at=NOON, outcome=outcome)
        for n, (kind, outcome) in enumerate(
            [
                (AttemptKind.TIMELINE, ChargeOutcome.DECLINED),
                (AttemptKind.TIMELINE, ChargeOutcome.REFUSED),
                (AttemptKind.TIMELINE, ChargeOutcome.NOT_OPEN),
                (AttemptKind.TIMELINE, ChargeOutcome.KEY_SPENT),
                *((kind, ChargeOutcome.DECLINED) for kind in sorted(NON_COUNTING)),
                (AttemptKind.OTHER_ENGINE, ChargeOutcome.DECLINED),
                (AttemptKind.ORDERED, ChargeOutcome.DECLINED),
            ]
        )
    ]
    case = a_case().model_copy(update={"attempts": tuple(tries)})

    assert [0, 8, 9] == [attempt.number for attempt in case.counting_attempts]
    assert OURS == {attempt.kind for attempt in case.our_attempts}
    assert 10 == case.next_attempt_number


def test_the_stage_is_that_of_the_newest_message() -> None:
    """Silent before the first one."""
    assert "silent" == stage_of(a_case())
    assert "friendly" == stage_of(live(a_case(), until=at("04-05 00:00")).case)
    assert "final" == stage_of(live(a_case(), until=at("04-25 00:00")).case)
