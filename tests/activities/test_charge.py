"""What one charge does when nothing goes wrong on the way."""

import pytest

from domain.case import ChargeOutcome
from domain.declines import DeclineClass, RawDecline
from domain.invoice import InvoiceState
from sandbox.providers.stripe_outcomes import APPROVE, AUTHENTICATION_REQUIRED, PROCESSING, Decline, Outcome
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import (
    AS_OF,
    BROKE,
    Worker,
    a_charge,
    an_attempt_row,
    charges,
    open_case,
    open_debit_case,
    usd,
)


def test_a_charge_that_goes_through_is_paid_under_its_own_key(world: ProviderWorld, worker: Worker) -> None:
    """The key is made of invoice and attempt; ledger and timeline say the same as the answer."""
    case = open_case(worker)

    result = worker.charge(a_charge(case, attempt=3))

    found = result.invoice
    assert (ChargeOutcome.PAID, InvoiceState.PAID, usd(0)) == (result.outcome, found.state, found.remaining)
    assert [("succeeded", f"dun:{case.invoice_id}:3")] == charges(world, case)
    (row,) = worker.ledger.attempts_of(case.invoice_id)
    assert ("finished", ChargeOutcome.PAID, 3) == (row.state, row.outcome, row.attempt)
    assert row.provider_id
    (line,) = worker.ledger.record(case.invoice_id)
    assert ("day3-charge", "paid", "retry on day 3 → paid", AS_OF) == (line.step, line.what, line.why, line.at)


def test_a_decline_is_a_result_and_its_raw_codes_are_kept(world: ProviderWorld, worker: Worker) -> None:
    """Never an exception; every code of the bank stays in the ledger, and the timeline names the rule."""
    case = open_case(worker, BROKE)

    result = worker.charge(a_charge(case))

    assert (ChargeOutcome.DECLINED, InvoiceState.OPEN, usd(1999)) == (
        result.outcome,
        result.invoice.state,
        result.invoice.remaining,
    )
    assert [("failed", f"dun:{case.invoice_id}:1")] == charges(world, case)
    (row,) = worker.ledger.attempts_of(case.invoice_id)
    assert result.decline == row.decline
    assert row.decline is not None
    raw = RawDecline(
        decline_code="insufficient_funds",
        error_code="card_declined",
        advice_code="try_again_later",
        network_decline_code="51",
        network="visa",
        network_status="declined_by_network",
    )
    assert raw == row.decline.raw.model_copy(update={"method": None})
    assert result.invoice.method == row.decline.raw.method
    (line,) = worker.ledger.record(case.invoice_id)
    assert ("declined", row.decline.rule) == (line.what, line.rule)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Decline("insufficient_funds"), DeclineClass.RETRY_LATER),
        (Decline("processing_error"), DeclineClass.RETRY_NOW),
        (Decline("incorrect_cvc"), DeclineClass.FIX_DATA),
        (Decline("expired_card"), DeclineClass.NEW_METHOD),
        (Decline("lost_card"), DeclineClass.NEVER),
        (AUTHENTICATION_REQUIRED, DeclineClass.AUTHENTICATE),
        (Decline("a_code_of_next_year"), DeclineClass.RETRY_LATER),
    ],
    ids=lambda value: getattr(value, "decline_code", getattr(value, "value", "3-D Secure")),
)
def test_the_banks_answer_decides_the_class(worker: Worker, answer: Outcome, expected: DeclineClass) -> None:
    """What has to happen before the next charge comes from the table."""
    result = worker.charge(a_charge(open_case(worker, answer)))

    assert ChargeOutcome.DECLINED == result.outcome
    assert expected == (result.decline and result.decline.decline_class)


@pytest.mark.parametrize("switch", [DeclineClass.RETRY_LATER, DeclineClass.NEW_METHOD])
def test_the_policy_decides_what_do_not_honor_means(worker: Worker, switch: DeclineClass) -> None:
    """Peers disagree on this code: the task brings the policy's reading along."""
    case = open_case(worker, Decline("do_not_honor"))

    result = worker.charge(a_charge(case, do_not_honor=switch))

    assert switch == (result.decline and result.decline.decline_class)


def test_without_a_payment_method_nothing_is_sent(world: ProviderWorld, worker: Worker) -> None:
    """It counts as a decline that a new payment method mends; the provider is not even asked."""
    case = open_case(worker, card=None)
    asked = world.faults.add("stripe", "/pay", "500")

    results = [worker.charge(a_charge(case)) for _ in range(2)]

    assert results[0] == results[1]
    assert ChargeOutcome.DECLINED == results[0].outcome
    assert results[0].decline is not None
    assert (DeclineClass.NEW_METHOD, "no_payment_method", False) == (
        results[0].decline.decline_class,
        results[0].decline.code,
        results[0].decline.reached_network,
    )
    assert 0 == asked.hits
    assert ["not charged: no payment method"] == [line.what for line in worker.ledger.record(case.invoice_id)]


@pytest.mark.parametrize("state", [InvoiceState.PAID, InvoiceState.VOID, InvoiceState.UNCOLLECTIBLE])
def test_an_invoice_that_is_no_longer_open_is_not_charged(
    world: ProviderWorld, worker: Worker, state: InvoiceState
) -> None:
    """The state is told, so that the case can end; Stripe would charge an uncollectible invoice if it were asked."""
    case = open_case(worker)
    match state:
        case InvoiceState.PAID:
            world.stripe.pay_out_of_band(case.invoice_id)
        case InvoiceState.VOID:
            world.stripe.void(case.invoice_id)
        case _:
            worker.payments.mark_uncollectible(case.invoice_id, "by-hand")

    result = worker.charge(a_charge(case))

    assert (ChargeOutcome.STOPPED, state) == (result.outcome, result.invoice.state)
    assert [] == charges(world, case)
    assert [] == worker.ledger.attempts_of(case.invoice_id)


def test_a_part_payment_is_not_charged_again(world: ProviderWorld, worker: Worker) -> None:
    """The amount is read when the charge is made: only what remains is charged."""
    case = open_case(worker)
    world.stripe.customer_pays(case.invoice_id, 500)

    result = worker.charge(a_charge(case))

    assert (ChargeOutcome.PAID, usd(0)) == (result.outcome, result.invoice.remaining)
    assert 1499 == world.stripe.get(case.invoice_id)["amount_paid"] - 500
    assert [usd(1499)] == [row.amount for row in worker.ledger.attempts_of(case.invoice_id)]


def test_a_networks_ceiling_postpones_the_charge_and_is_named(world: ProviderWorld, worker: Worker) -> None:
    """The rule, its edition and when it would allow the charge; nothing was charged. Asked again, the same answer."""
    case = open_case(worker, fingerprint="fp_worn_out", card="mastercard")
    for number in range(10):
        use = an_attempt_row(
            case,
            attempt=0,
            state="finished",
            outcome=ChargeOutcome.DECLINED,
            network="mastercard",
            fingerprint="fp_worn_out",
        )
        worker.ledger.record_foreign_attempt(use, f"evt_{case.invoice_id}_{number}")

    results = [worker.charge(a_charge(case)) for _ in range(2)]

    assert results[0] == results[1]
    assert ChargeOutcome.POSTPONED == results[0].outcome
    later = results[0].postponed
    assert later is not None
    assert "mastercard-10-in-24-hours@2022-10-01" == later.rule
    assert later.until > AS_OF
    assert results[0].why == later.why
    assert [] == charges(world, case)
    (line,) = worker.ledger.record(case.invoice_id)
    assert (f"postponed to {later.until:%Y-%m-%d %H:%M}", later.rule, later.why) == (line.what, line.rule, line.why)


def test_a_bank_debit_is_processing_and_is_not_debited_twice(world: ProviderWorld, worker: Worker) -> None:
    """Its result comes days later; a further attempt meanwhile is answered the same and debits nothing."""
    case = open_debit_case(worker, PROCESSING)

    results = [worker.charge(a_charge(case, attempt)) for attempt in (1, 1, 2)]

    assert [*[ChargeOutcome.PROCESSING] * 2, ChargeOutcome.STOPPED] == [result.outcome for result in results]
    assert [("processing", f"dun:{case.invoice_id}:1")] == charges(world, case)


@pytest.mark.parametrize("answer", [APPROVE, BROKE], ids=["approved", "declined"])
def test_an_attempt_that_runs_twice_charges_once_and_answers_the_same(
    world: ProviderWorld, worker: Worker, answer: Outcome
) -> None:
    """The second run finds the first one's answer in the ledger."""
    case = open_case(worker, answer, APPROVE)

    first, second = (worker.charge(a_charge(case)) for _ in range(2))

    assert first.model_copy(update={"why": ""}) == second.model_copy(update={"why": ""})
    assert 1 == len(charges(world, case))
    assert 1 == len(worker.ledger.record(case.invoice_id))


def test_the_next_attempt_is_another_charge(world: ProviderWorld, worker: Worker) -> None:
    """A decline ends its attempt; the next number is a new key and a new chance."""
    case = open_case(worker, BROKE, APPROVE)

    outcomes = [worker.charge(a_charge(case, attempt)).outcome for attempt in (1, 2)]

    assert [ChargeOutcome.DECLINED, ChargeOutcome.PAID] == outcomes
    assert [("failed", f"dun:{case.invoice_id}:1"), ("succeeded", f"dun:{case.invoice_id}:2")] == charges(world, case)
