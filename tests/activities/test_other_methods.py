"""R10: a charge of another card on file, where the invoice's own cannot pay and the policy says so."""

import pytest

from domain.case import ChargeOutcome
from domain.invoice import MethodRef
from domain.kinds.charge import ChargeTask
from domain.steps import AttemptKind
from sandbox.providers.stripe_outcomes import APPROVE, Decline
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import OpenCase, Worker, a_charge, case_of, charges, open_case


def another(case: OpenCase, attempt: int = 1, *refused: MethodRef) -> ChargeTask:
    return a_charge(case, attempt, kind=AttemptKind.OTHER_METHOD, step=f"o0-0-{attempt}-charge", refused=refused)


def without_a_card(world: ProviderWorld, worker: Worker) -> OpenCase:
    """The subscription goes on naming a card that was detached."""
    customer = world.stripe.add_customer()
    own = world.stripe.add_card(customer, default=False)
    subscription = world.stripe.add_subscription(customer, amount=1999, currency="usd", card=own)
    case = case_of(worker, customer, own, None, None, subscription)
    world.stripe.detach(own)
    return case


def test_r10_the_request_names_the_other_card(world: ProviderWorld, worker: Worker) -> None:
    """Stripe would charge the detached one. The subscription is left as it is."""
    case = without_a_card(world, worker)
    other = world.stripe.add_card(case.customer_id, brand="mastercard", fingerprint="fp_other")

    result = worker.charge(another(case))

    assert ChargeOutcome.PAID is result.outcome
    assert [("succeeded", f"dun:{case.invoice_id}:1")] == charges(world, case)
    assert other == next(e for e in reversed(world.log) if e.kind == "charge.succeeded").subjects["payment_method"]
    assert case.card == world.stripe.get(case.subscription_id)["default_payment_method"]
    [row] = worker.ledger.attempts_of(case.invoice_id)
    assert (AttemptKind.OTHER_METHOD, "mastercard", "fp_other") == (row.kind, row.network, row.fingerprint)


def test_r10_a_decline_belongs_to_the_card_that_was_tried(world: ProviderWorld, worker: Worker) -> None:
    """And the invoice's own method is what it was; the next one is another card, or none."""
    case = open_case(worker, Decline("expired_card"))
    other = world.stripe.add_card(case.customer_id, behaviour=Decline("insufficient_funds"), default=False)
    world.stripe.set_up(other)

    first = worker.charge(another(case))
    assert first.decline
    assert first.decline.raw.method
    again = worker.charge(another(case, 2, first.decline.raw.method))

    assert (ChargeOutcome.DECLINED, other) == (first.outcome, first.decline.raw.method.id)
    assert first.invoice.method
    assert case.card == first.invoice.method.id
    assert ChargeOutcome.REFUSED is again.outcome
    assert "no other payment method on file" in again.why
    assert 1 == len(worker.ledger.attempts_of(case.invoice_id))


def test_r10_a_card_that_is_only_on_file_is_not_charged(world: ProviderWorld, worker: Worker) -> None:
    """Nobody agreed to that. Nothing is reserved or sent."""
    case = without_a_card(world, worker)
    world.stripe.add_card(case.customer_id, default=False)

    result = worker.charge(another(case))

    assert (ChargeOutcome.REFUSED, []) == (result.outcome, charges(world, case))
    assert [] == worker.ledger.attempts_of(case.invoice_id)


@pytest.mark.parametrize("answer", [APPROVE, Decline("insufficient_funds")], ids=["approved", "declined"])
def test_r10_a_worker_that_dies_after_it_charges_once(world: ProviderWorld, worker: Worker, answer: Decline) -> None:
    """Run again, the same number gets the same answer."""
    case = without_a_card(world, worker)
    world.stripe.add_card(case.customer_id, behaviour=answer)

    first, second = (worker.charge(another(case)) for _ in range(2))

    assert (first.outcome, first.decline) == (second.outcome, second.decline)
    assert 1 == len(charges(world, case))


def test_r10_another_card_that_is_detached_in_the_very_moment_is_a_result(world: ProviderWorld, worker: Worker) -> None:
    """Found, and gone when the charge is made: it is about that card, and no trouble that is tried for ever."""
    case = open_case(worker, Decline("expired_card"))
    other = world.stripe.add_card(case.customer_id, default=False)
    world.stripe.set_up(other)
    invoice = worker.payments.read_invoice(case.invoice_id)
    found = worker.payments.other_method(invoice, [])
    world.stripe.detach(other)

    answer = worker.payments.pay(invoice, f"dun:{case.invoice_id}:1", found)

    assert ChargeOutcome.DECLINED is answer.outcome
    assert answer.decline
    assert answer.decline.method
    assert other == answer.decline.method.id
