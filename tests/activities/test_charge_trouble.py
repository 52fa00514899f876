"""What one charge does when the answer is lost, late or missing: the money still moves at most once."""

from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from domain.case import ChargeOutcome
from domain.declines import DeclineClass
from domain.invoice import InvoiceState
from domain.steps import AttemptKind
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import AttemptRow
from sandbox.providers.faults import Mode
from sandbox.providers.stripe_outcomes import APPROVE, AUTHENTICATION_REQUIRED, PROCESSING, Decline, Outcome
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import (
    BROKE,
    OpenCase,
    Worker,
    a_charge,
    an_attempt_row,
    charges,
    open_case,
    open_debit_case,
    usd,
)

LOST = [Mode.TIMEOUT_AFTER, Mode.ERROR_AFTER, Mode.MALFORMED]


def fails(worker: Worker, case: OpenCase, attempt: int = 1) -> ApplicationError:
    """The error with which a charge ends."""
    with pytest.raises(ApplicationError) as caught:
        worker.charge(a_charge(case, attempt))
    return caught.value


def reserve(worker: Worker, case: OpenCase, attempt: int = 1) -> None:
    """What `charge` writes down before it asks the provider for anything."""
    stands = worker.ledger.begin_attempt(an_attempt_row(case, attempt), worker.rules)

    assert isinstance(stands, AttemptRow)


def test_an_attempt_that_another_worker_has_finished_meanwhile_is_not_sent_again(
    world: ProviderWorld, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer came between our look into the ledger and our reservation: that answer is taken."""
    case = open_case(worker, BROKE, APPROVE)
    task = a_charge(case)
    worker.charge(task)
    monkeypatch.setattr(SqlLedger, "attempts_of", lambda *_: [])

    result = worker.charge(task)

    assert (ChargeOutcome.DECLINED, "as found in the ledger") == (result.outcome, result.why)
    assert 1 == len(charges(world, case))


@pytest.mark.parametrize("mode", LOST)
def test_a_payment_whose_answer_was_lost_is_found_and_not_repeated(
    world: ProviderWorld, worker: Worker, mode: Mode
) -> None:
    """The money moved but nobody told us: it is trouble at first, and the next run tells the truth."""
    case = open_case(worker)
    world.faults.add("stripe", "/pay", mode)

    error = fails(worker, case)
    result = worker.charge(a_charge(case))

    assert ("ProviderTrouble", False) == (error.type, error.non_retryable)
    found = result.invoice
    assert (ChargeOutcome.PAID, InvoiceState.PAID, usd(0)) == (result.outcome, found.state, found.remaining)
    assert [("succeeded", f"dun:{case.invoice_id}:1")] == charges(world, case)
    assert ["paid"] == [line.what for line in worker.ledger.record(case.invoice_id)]


@pytest.mark.parametrize("mode", LOST)
def test_a_decline_whose_answer_was_lost_is_found_with_its_codes(
    world: ProviderWorld, worker: Worker, mode: Mode
) -> None:
    """It is no second try on the card, and the network's codes are the same as in the answer that was lost."""
    case = open_case(worker, BROKE, APPROVE)
    world.faults.add("stripe", "/pay", mode)

    fails(worker, case)
    result = worker.charge(a_charge(case))

    assert (ChargeOutcome.DECLINED, usd(1999)) == (result.outcome, result.invoice.remaining)
    assert result.decline is not None
    assert ("insufficient_funds", "51", "try_again_later", "declined_by_network") == (
        result.decline.raw.decline_code,
        result.decline.raw.network_decline_code,
        result.decline.raw.advice_code,
        result.decline.raw.network_status,
    )
    assert [("failed", f"dun:{case.invoice_id}:1")] == charges(world, case)


def test_a_call_for_authentication_whose_answer_was_lost_is_answered_again(
    world: ProviderWorld, worker: Worker
) -> None:
    """It leaves no charge to be found: the same request under the same key tells it, and tries nothing twice."""
    case = open_case(worker, AUTHENTICATION_REQUIRED, APPROVE)
    world.faults.add("stripe", "/pay", "timeout_after")

    fails(worker, case)
    result = worker.charge(a_charge(case))

    assert DeclineClass.AUTHENTICATE == (result.decline and result.decline.decline_class)
    assert [] == charges(world, case)


@pytest.mark.parametrize("mode", [Mode.ERROR, Mode.TIMEOUT_BEFORE])
def test_a_request_that_was_never_carried_out_is_made_again(world: ProviderWorld, worker: Worker, mode: Mode) -> None:
    """Nothing is found at the provider: the same attempt is sent again under the same key."""
    case = open_case(worker)
    world.faults.add("stripe", "/pay", mode)

    error = fails(worker, case)

    assert "ProviderTrouble" == error.type
    assert [] == charges(world, case)
    assert ChargeOutcome.PAID == worker.charge(a_charge(case)).outcome
    assert [("succeeded", f"dun:{case.invoice_id}:1")] == charges(world, case)


@pytest.mark.parametrize("request_line", ["GET /v1/invoices", "/pay"])
def test_a_busy_provider_says_when_to_come_back(world: ProviderWorld, worker: Worker, request_line: str) -> None:
    """Retry-After becomes the delay before Temporal's next try."""
    case = open_case(worker)
    world.faults.add("stripe", request_line, "429", retry_after=17)

    error = fails(worker, case)

    assert ("ProviderTrouble", timedelta(seconds=17)) == (error.type, error.next_retry_delay)
    assert ChargeOutcome.PAID == worker.charge(a_charge(case)).outcome
    assert 1 == len(charges(world, case))


def test_a_wrong_key_is_for_an_operator_and_harms_nothing(world: ProviderWorld, worker: Worker) -> None:
    """No retry would help: the sentence names the setting. With the right key the same attempt is made."""
    case = open_case(worker)
    wrong = worker.restarted(STRIPE_API_KEY="sk_test_typo")

    error = fails(wrong, case)

    assert ("ProviderMisuse", True) == (error.type, error.non_retryable)
    assert "Stripe refuses the API key: check STRIPE_API_KEY." == error.message
    assert ChargeOutcome.PAID == worker.charge(a_charge(case)).outcome
    assert 1 == len(charges(world, case))


def test_a_case_without_a_row_in_the_ledger_is_misuse(world: ProviderWorld, worker: Worker) -> None:
    """The invoice exists at the provider, but nobody opened a case: nothing is charged."""
    case = open_case(worker)
    stranger = case.model_copy(update={"invoice_id": world.stripe.add_invoice(case.customer_id, amount=1999)})

    error = fails(worker, stranger)

    assert ("ProviderMisuse", True) == (error.type, error.non_retryable)
    assert stranger.invoice_id in error.message
    assert "starter.py" in error.message
    assert [] == charges(world, stranger)


def test_an_unknown_invoice_is_misuse_and_is_named(worker: Worker) -> None:
    """The sentence names the id and the account's key, because one of the two is wrong."""
    case = open_case(worker).model_copy(update={"invoice_id": "in_of_another_account"})

    error = fails(worker, case)

    assert ("ProviderMisuse", True) == (error.type, error.non_retryable)
    assert "in_of_another_account" in error.message
    assert "STRIPE_API_KEY" in error.message


def test_the_unknown_outcome_of_an_earlier_attempt_is_looked_up_first(world: ProviderWorld, worker: Worker) -> None:
    """Attempt 1 paid the invoice but nobody heard of it: attempt 2 finds that out and charges nothing."""
    case = open_case(worker)
    world.faults.add("stripe", "/pay", "timeout_after")
    fails(worker, case)

    result = worker.charge(a_charge(case, 2))

    assert (ChargeOutcome.STOPPED, InvoiceState.PAID) == (result.outcome, result.invoice.state)
    assert [("succeeded", f"dun:{case.invoice_id}:1")] == charges(world, case)
    assert [(1, ChargeOutcome.PAID)] == [
        (row.attempt, row.outcome) for row in worker.ledger.attempts_of(case.invoice_id)
    ]


def test_an_earlier_decline_that_was_lost_is_booked_on_its_own_attempt(world: ProviderWorld, worker: Worker) -> None:
    """Attempt 2 is still made, and each attempt has its own answer in the ledger."""
    case = open_case(worker, BROKE, APPROVE)
    world.faults.add("stripe", "/pay", "timeout_after")
    fails(worker, case)

    result = worker.charge(a_charge(case, 2))

    assert ChargeOutcome.PAID == result.outcome
    assert [ChargeOutcome.DECLINED, ChargeOutcome.PAID] == [
        row.outcome for row in worker.ledger.attempts_of(case.invoice_id)
    ]
    assert [("failed", f"dun:{case.invoice_id}:1"), ("succeeded", f"dun:{case.invoice_id}:2")] == charges(world, case)


def test_an_earlier_attempt_that_never_arrived_is_closed_as_such(world: ProviderWorld, worker: Worker) -> None:
    """Nothing at the provider: attempt 1 charged nothing, and attempt 2 is made."""
    case = open_case(worker)
    world.faults.add("stripe", "/pay", "timeout_before")
    fails(worker, case)

    result = worker.charge(a_charge(case, 2))

    assert ChargeOutcome.PAID == result.outcome
    assert [ChargeOutcome.KEY_SPENT, ChargeOutcome.PAID] == [
        row.outcome for row in worker.ledger.attempts_of(case.invoice_id)
    ]
    assert [("succeeded", f"dun:{case.invoice_id}:2")] == charges(world, case)


def test_an_attempt_that_never_arrived_ends_when_the_invoice_was_paid_otherwise(
    world: ProviderWorld, worker: Worker
) -> None:
    """It is not left open for ever: the ledger says that it charged nothing."""
    case = open_case(worker)
    world.faults.add("stripe", "/pay", "timeout_before")
    fails(worker, case)
    world.stripe.pay_out_of_band(case.invoice_id)

    results = [worker.charge(a_charge(case)) for _ in range(2)]

    assert [(ChargeOutcome.NOT_OPEN, InvoiceState.PAID)] * 2 == [(r.outcome, r.invoice.state) for r in results]
    assert [] == charges(world, case)
    assert [ChargeOutcome.NOT_OPEN] == [row.outcome for row in worker.ledger.attempts_of(case.invoice_id)]
    assert ["not_open"] == [line.what for line in worker.ledger.record(case.invoice_id)]


def test_a_debit_whose_answer_was_lost_is_found_on_its_way(world: ProviderWorld, worker: Worker) -> None:
    """It is processing at the bank, and no second one is sent."""
    case = open_debit_case(worker, PROCESSING)
    world.faults.add("stripe", "/pay", "timeout_after")
    fails(worker, case)

    result = worker.charge(a_charge(case))

    assert ChargeOutcome.PROCESSING == result.outcome
    assert [("processing", f"dun:{case.invoice_id}:1")] == charges(world, case)


def test_an_unknown_outcome_that_cannot_be_looked_up_stops_the_next_attempt(
    world: ProviderWorld, worker: Worker
) -> None:
    """As long as nobody knows what attempt 1 did, attempt 2 is not made."""
    case = open_case(worker, BROKE, APPROVE)
    world.faults.add("stripe", "/pay", "timeout_after")
    world.faults.add("stripe", "GET /v1/charges", "500")
    fails(worker, case)

    error = fails(worker, case, attempt=2)

    assert "ProviderTrouble" == error.type
    assert [("failed", f"dun:{case.invoice_id}:1")] == charges(world, case)


def test_the_failed_payment_that_opened_the_case_is_not_taken_for_ours(world: ProviderWorld, worker: Worker) -> None:
    """An attempt that never arrived must not find the decline of an hour ago as its own answer."""
    case = open_case(worker, Decline("expired_card"), APPROVE)
    now = world.journal.clock
    world.journal.clock = lambda: now() - timedelta(hours=1)
    try:
        worker.payments.pay(worker.payments.read_invoice(case.invoice_id), "not-ours")
    finally:
        world.journal.clock = now
    world.faults.add("stripe", "/pay", "timeout_before")
    fails(worker, case)

    assert ChargeOutcome.PAID == worker.charge(a_charge(case)).outcome


@pytest.mark.parametrize("answer", [APPROVE, BROKE], ids=["approved", "declined"])
def test_a_worker_that_died_before_it_asked_charges_once_when_it_is_back(
    world: ProviderWorld, worker: Worker, answer: Outcome
) -> None:
    """The attempt was reserved and no more: nothing is found, so it is made under its key."""
    case = open_case(worker, answer, APPROVE)
    reserve(worker, case)

    result = worker.charge(a_charge(case))

    expected = ChargeOutcome.PAID if answer is APPROVE else ChargeOutcome.DECLINED
    assert expected == result.outcome
    assert [f"dun:{case.invoice_id}:1"] == [key for _, key in charges(world, case)]


@pytest.mark.parametrize("answer", [APPROVE, BROKE], ids=["approved", "declined"])
def test_a_worker_that_died_before_it_wrote_the_answer_down_finds_it(
    world: ProviderWorld, worker: Worker, answer: Outcome
) -> None:
    """The provider had charged and said so: the next run books the same answer."""
    case = open_case(worker, answer, APPROVE)
    reserve(worker, case)
    told = worker.payments.pay(worker.payments.read_invoice(case.invoice_id), f"dun:{case.invoice_id}:1")

    result = worker.charge(a_charge(case))

    assert told.outcome == result.outcome
    assert told.decline == (result.decline and result.decline.raw)
    assert [f"dun:{case.invoice_id}:1"] == [key for _, key in charges(world, case)]
    assert [] == [row for row in worker.ledger.attempts_of(case.invoice_id) if row.state == "started"]


def test_a_decline_whose_answer_was_lost_is_not_the_new_cards(world: ProviderWorld, worker: Worker) -> None:
    """The case gave up waiting, then the customer gave a new card: the number's answer is the old step's."""
    case = open_case(worker, BROKE)
    world.faults.add("stripe", "/pay", Mode.TIMEOUT_AFTER)
    fails(worker, case)
    world.stripe.add_card(case.customer_id, behaviour=APPROVE)
    new_card = {"step": "m1-charge", "kind": AttemptKind.NEW_METHOD, "method": 1}

    old = worker.charge(a_charge(case, 1, **new_card))
    new = worker.charge(a_charge(case, 2, **new_card))

    assert (ChargeOutcome.DECLINED, "day1-charge", AttemptKind.TIMELINE) == (old.outcome, old.step, old.kind)
    assert ChargeOutcome.PAID == new.outcome
    assert [("failed", f"dun:{case.invoice_id}:1"), ("succeeded", f"dun:{case.invoice_id}:2")] == charges(world, case)


def test_an_attempt_that_never_arrived_leaves_its_number_unused_by_the_new_card(
    world: ProviderWorld, worker: Worker
) -> None:
    """Nothing of it is found; the new card gets a number, and so a key, of its own."""
    case = open_case(worker, BROKE)
    world.faults.add("stripe", "/pay", Mode.TIMEOUT_BEFORE)
    fails(worker, case)

    old = worker.charge(a_charge(case, 1, step="m1-charge", kind=AttemptKind.NEW_METHOD, method=1))

    assert (ChargeOutcome.KEY_SPENT, "day1-charge") == (old.outcome, old.step)
    assert [] == charges(world, case)
