"""A provider's refusal is a result of the step, trouble that passes, or an operator's business: never anything else."""

import pytest
from temporalio.exceptions import ApplicationError

from domain.kinds.message import ContactState
from domain.steps import Channel
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import Worker, a_contact, case_of, contacts, open_case


@pytest.mark.parametrize(
    "email", ["n/a", "none", "-", "ann@example.com, bob@example.com", "ann", "\u00e4nn@example.com"]
)
def test_an_e_mail_field_that_held_no_address_was_retried_for_ever(
    world: ProviderWorld, worker: Worker, email: str
) -> None:
    """R30: as the ledger may have kept it from earlier days. The case can fall back at once, and asks nobody again."""
    customer = world.stripe.add_customer("Ada", email=email)
    case = case_of(worker, customer, None, email, None)

    outcomes = [worker.contact(a_contact(case)) for _ in range(2)]

    assert [ContactState.UNREACHABLE] * 2 == [outcome.state for outcome in outcomes]
    assert [] == contacts(world, case)
    assert ["email unreachable"] == [line.what for line in worker.ledger.record(case.invoice_id)]


@pytest.mark.parametrize("code", [21408, 21635, 99999])
def test_a_refusal_by_code_is_a_result_and_the_record_counts_it_by_its_rule(
    world: ProviderWorld, worker: Worker, code: int
) -> None:
    """R31: a country, a number, and a code that is newer than our list."""
    case = open_case(worker)
    world.twilio.refuse("+", code)

    outcome = worker.contact(a_contact(case, Channel.SMS))

    assert ContactState.UNREACHABLE == outcome.state
    assert [f"twilio-{code}@2026-11-26"] == [line.rule for line in worker.ledger.record(case.invoice_id)]


@pytest.mark.parametrize(("code", "kind"), [(21606, "ProviderMisuse"), (30001, "ProviderTrouble")])
def test_what_is_not_about_the_customer_ends_no_step(
    world: ProviderWorld, worker: Worker, code: int, kind: str
) -> None:
    """An operator's business, or only for now: in both cases the message goes out once it can."""
    case = open_case(worker)
    world.twilio.refuse("+", code)
    with pytest.raises(ApplicationError) as caught:
        worker.contact(a_contact(case, Channel.SMS))
    world.twilio.relent("+")

    assert kind == caught.value.type
    assert ContactState.SENT == worker.contact(a_contact(case, Channel.SMS)).state
