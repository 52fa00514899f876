"""What one charge does when Stripe refuses the request itself: a used-up key, or one customer's own objects."""

import pytest
from temporalio.exceptions import ApplicationError

from domain.case import ChargeOutcome
from domain.declines import DeclineClass, Reason
from domain.kinds.charge import ChargeResult
from sandbox.providers.stripe_outcomes import APPROVE, PROCESSING
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import OpenCase, Worker, a_charge, case_of, charges, open_case, usd


def answered(result: ChargeResult) -> tuple[str, DeclineClass, Reason]:
    assert ChargeOutcome.DECLINED is result.outcome
    assert result.decline is not None
    return result.decline.code, result.decline.decline_class, result.decline.reason


def fails(worker: Worker, case: OpenCase, attempt: int = 1) -> None:
    with pytest.raises(ApplicationError, match="answered 500"):
        worker.charge(a_charge(case, attempt))


def test_a_stored_500_is_tried_again_under_the_next_number(world: ProviderWorld, worker: Worker) -> None:
    """R6: nothing was charged and nothing will be under that key: the number is used up, and the try is not."""
    case = open_case(worker)
    world.stripe.break_calls(f"POST /v1/invoices/{case.invoice_id}/pay")
    fails(worker, case)

    spent = worker.charge(a_charge(case))
    again = worker.charge(a_charge(case, 2, step="day1-charge"))

    assert (ChargeOutcome.KEY_SPENT, ChargeOutcome.PAID) == (spent.outcome, again.outcome)
    assert [("succeeded", f"dun:{case.invoice_id}:2")] == charges(world, case)
    assert [ChargeOutcome.KEY_SPENT, ChargeOutcome.PAID] == [
        row.outcome for row in worker.ledger.attempts_of(case.invoice_id)
    ]


def test_a_used_up_number_is_answered_so_again_after_a_crash(world: ProviderWorld, worker: Worker) -> None:
    """R6: the worker died before it could tell: the ledger has the answer, and nothing is sent."""
    case = open_case(worker)
    world.stripe.break_calls(f"POST /v1/invoices/{case.invoice_id}/pay")
    fails(worker, case)
    worker.charge(a_charge(case))

    again = worker.charge(a_charge(case))

    assert ChargeOutcome.KEY_SPENT == again.outcome
    assert [] == charges(world, case)


def test_a_detached_card_that_is_still_the_default_is_no_payment_method(world: ProviderWorld, worker: Worker) -> None:
    """R10: Stripe goes on naming it. Nothing is sent, and the customer is asked for a method."""
    case = open_case(worker)
    assert case.card
    world.stripe.detach(case.card)

    result = worker.charge(a_charge(case))

    assert ("no_payment_method", DeclineClass.NEW_METHOD, Reason.NO_PAYMENT_METHOD) == answered(result)
    assert [] == charges(world, case)
    assert [] == worker.ledger.attempts_of(case.invoice_id)


def test_a_card_that_is_detached_in_the_very_moment_is_no_payment_method(world: ProviderWorld, worker: Worker) -> None:
    """R10, R12: read as attached, and gone when the charge is made: Stripe's 400 is a result of that step."""
    case = open_case(worker)
    assert case.card
    invoice = worker.payments.read_invoice(case.invoice_id)
    world.stripe.detach(case.card)

    answer = worker.payments.pay(invoice, f"dun:{case.invoice_id}:1")

    assert ChargeOutcome.DECLINED is answer.outcome
    assert ("no_payment_method", "not_sent_to_network") == (
        answer.decline and answer.decline.error_code,
        answer.decline and answer.decline.network_status,
    )


def test_a_customer_who_is_deleted_is_not_charged(world: ProviderWorld, worker: Worker) -> None:
    """R12, R21: seen when the invoice is read; nothing is sent."""
    case = open_case(worker)
    world.stripe.delete_customer(case.customer_id)

    result = worker.charge(a_charge(case))

    assert (ChargeOutcome.STOPPED, "invoice-deleted") == (result.outcome, result.stopped and result.stopped.rule)
    assert [] == charges(world, case)


def test_a_customer_who_is_deleted_in_the_very_moment_is_a_result(world: ProviderWorld, worker: Worker) -> None:
    """R12, R21: Stripe does not know the customer any more: that is no misuse of ours."""
    case = open_case(worker)
    invoice = worker.payments.read_invoice(case.invoice_id)
    world.stripe.delete_customer(case.customer_id)

    answer = worker.payments.pay(invoice, f"dun:{case.invoice_id}:1")

    assert (ChargeOutcome.DECLINED, "customer_deleted") == (
        answer.outcome,
        answer.decline and answer.decline.error_code,
    )
    assert answer.invoice
    assert answer.invoice.customer_deleted


def test_a_bank_account_of_another_currency_asks_for_another_method(world: ProviderWorld, worker: Worker) -> None:
    """R12: Stripe's 400 has no code. Any other method, in the invoice's currency, can pay: the customer is asked."""
    customer = world.stripe.add_customer()
    account = world.stripe.add_bank_debit(customer, behaviour=APPROVE, kind="sepa_debit")
    case = case_of(worker, customer, account, None, None)

    result = worker.charge(a_charge(case))

    assert ("not_chargeable", DeclineClass.NEW_METHOD, Reason.CARD_NOT_USABLE) == answered(result)
    assert [row.outcome for row in worker.ledger.attempts_of(case.invoice_id)] == [ChargeOutcome.DECLINED]


def test_a_kind_of_method_that_the_invoice_does_not_take_asks_for_another_one(
    world: ProviderWorld, worker: Worker
) -> None:
    """R12: as above; the answer stands against this method only."""
    customer = world.stripe.add_customer()
    account = world.stripe.add_bank_debit(customer, behaviour=PROCESSING)
    case = case_of(worker, customer, account, None, None, payment_method_types=["card"])

    result = worker.charge(a_charge(case))

    assert ("not_chargeable", DeclineClass.NEW_METHOD, Reason.CARD_NOT_USABLE) == answered(result)
    assert result.decline
    assert result.decline.raw.method
    assert account == result.decline.raw.method.id
    assert not result.decline.reached_network


def test_a_debit_whose_mandate_is_gone_asks_for_another_method(world: ProviderWorld, worker: Worker) -> None:
    """R12: after a debit that the customer took back, the next one is refused with a 400."""
    customer = world.stripe.add_customer()
    account = world.stripe.add_bank_debit(customer, behaviour=APPROVE, kind="us_bank_account")
    earlier = world.stripe.add_invoice(customer, amount=1000)
    world.stripe.customer_pays(earlier, payment_method=account)
    world.stripe.return_debit(earlier, reason="debit_not_authorized")
    case = case_of(worker, customer, account, None, None)

    result = worker.charge(a_charge(case))

    assert ("not_chargeable", DeclineClass.NEW_METHOD, Reason.CARD_NOT_USABLE) == answered(result)
    assert [] == charges(world, case)


def test_an_amount_below_the_minimum_is_not_charged(world: ProviderWorld, worker: Worker) -> None:
    """R11: a credit note left 30 cents. Nothing is sent, and the case gets to know what remains."""
    case = open_case(worker)
    world.stripe.credit(case.invoice_id, 1969)

    result = worker.charge(a_charge(case))

    assert (ChargeOutcome.STOPPED, usd(30)) == (result.outcome, result.invoice.remaining)
    assert "minimum-charge-usd@2026-11-26" == (result.stopped and result.stopped.rule)
    assert [] == worker.ledger.attempts_of(case.invoice_id)


def test_a_minimum_that_the_table_does_not_know_is_a_result(world: ProviderWorld, worker: Worker) -> None:
    """R11, R12: the account settles in another currency: Stripe refuses, and no operator has to look."""
    case = open_case(worker)
    world.stripe.credit(case.invoice_id, 1969)

    answer = worker.payments.pay(worker.payments.read_invoice(case.invoice_id), f"dun:{case.invoice_id}:1")

    assert ChargeOutcome.DECLINED is answer.outcome
    assert "amount_too_small" == (answer.decline and answer.decline.error_code)


def test_a_bank_account_that_is_being_verified_is_left_alone(world: ProviderWorld, worker: Worker) -> None:
    """R16: the card is not charged in place of the payment that the customer has begun."""
    case = open_case(worker)
    world.stripe.customer_enters_account(case.invoice_id)

    result = worker.charge(a_charge(case))
    invoice = worker.payments.read_invoice(case.invoice_id, with_decline=True)

    assert (ChargeOutcome.STOPPED, "invoice-verifying") == (result.outcome, result.stopped and result.stopped.rule)
    assert result.invoice.verifying
    assert str(invoice.verify_url).startswith("https://payments.stripe.com/microdeposit/")
    assert "account_verification" == (invoice.last_decline and invoice.last_decline.error_code)
    assert [] == charges(world, case)
