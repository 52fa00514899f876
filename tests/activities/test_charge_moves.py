"""What one charge does when customers change something between two runs of it, of which the first reached nobody."""

from domain.case import ChargeOutcome
from sandbox.providers.faults import Mode
from sandbox.providers.stripe_outcomes import APPROVE, Decline
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import BROKE, OpenCase, Worker, a_charge, charges, open_case, usd
from tests.activities.test_charge_trouble import fails

LOST = Decline("lost_card", network_decline_code="41")


def reserved_for(worker: Worker, case: OpenCase) -> list[tuple[str | None, str]]:
    """Which card or account the ledger counts each of our attempts for, and how it stands."""
    rows = [row for row in worker.ledger.attempts_of(case.invoice_id) if row.attempt]
    return [(row.fingerprint, row.outcome.value if row.outcome else row.state) for row in rows]


def cut_off(world: ProviderWorld, worker: Worker, case: OpenCase, mode: Mode = Mode.RATE_LIMITED) -> None:
    """A first run that reserved the attempt; nothing reached the bank."""
    world.faults.add("stripe", "/pay", mode)
    fails(worker, case)
    world.faults.clear()


def a_new_card(world: ProviderWorld, case: OpenCase, fingerprint: str) -> None:
    card = world.stripe.add_card(case.customer_id, fingerprint=fingerprint, behaviour=APPROVE)
    world.stripe.set_default_card(card, customer=case.customer_id)


def test_the_card_that_is_charged_in_the_end_is_the_one_that_counts(world: ProviderWorld, worker: Worker) -> None:
    """The next invoice asks how often a card was used: the answer must not be another card's."""
    case = open_case(worker, BROKE, fingerprint="fp_before")
    cut_off(world, worker, case)
    a_new_card(world, case, "fp_after")

    result = worker.charge(a_charge(case))

    assert ChargeOutcome.PAID is result.outcome
    assert [("succeeded", f"dun:{case.invoice_id}:1")] == charges(world, case)
    assert [("fp_after", "paid")] == reserved_for(worker, case)


def test_a_card_that_may_not_be_charged_is_refused_although_another_was_reserved(
    world: ProviderWorld, worker: Worker
) -> None:
    """Reserved was a good card; the new one is known as lost from another invoice."""
    lost = open_case(worker, LOST, fingerprint="fp_known_as_lost")
    worker.charge(a_charge(lost))
    case = open_case(worker, BROKE, fingerprint="fp_good")
    cut_off(world, worker, case)
    a_new_card(world, case, "fp_known_as_lost")

    result = worker.charge(a_charge(case))

    assert ChargeOutcome.REFUSED is result.outcome
    assert [] == charges(world, case)


def test_what_remains_after_a_part_payment_is_the_amount_of_the_attempt(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker, APPROVE)
    cut_off(world, worker, case)
    world.stripe.customer_pays(case.invoice_id, 999)

    worker.charge(a_charge(case))

    assert [usd(1000)] == [row.amount for row in worker.ledger.attempts_of(case.invoice_id) if row.attempt]
