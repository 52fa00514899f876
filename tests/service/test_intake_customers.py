"""R33, R21: what Stripe tells of a customer reaches the ledger, and the cases that have to look again."""

from temporalio.client import Client

from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from service.opening import Taken
from tests.cases import a_closure, a_failed_invoice, failed, signals


async def test_a_customer_had_a_new_address_and_the_case_never_knew(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    invoice, customer = a_failed_invoice(world, email="ann@old.example")
    await intake.take_event(failed(world, invoice))
    ledger.close_channel(a_closure(customer, Channel.EMAIL, "bounced", address="ann@old.example"))
    world.stripe.update_customer(customer, email="ann@new.example")

    taken = await intake.take_event(world.stripe.last_event("customer.updated", customer))

    assert Taken.PASSED_ON == taken
    assert ("ann@new.example", {}) == (ledger.address(customer).email, ledger.closed_channels(customer))
    [(name, fact)] = await signals(client, invoice)
    assert ("contact_changed", ["email"]) == (name, fact["channels"])


async def test_an_older_event_that_comes_later_brings_no_older_address(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    invoice, customer = a_failed_invoice(world, email="ann@old.example")
    await intake.take_event(failed(world, invoice))
    world.stripe.update_customer(customer, email="ann@mid.example")
    older = world.stripe.last_event("customer.updated", customer)
    world.stripe.update_customer(customer, email="ann@new.example")

    for event in (world.stripe.last_event("customer.updated", customer), older):
        await intake.take_event(event)

    assert "ann@new.example" == ledger.address(customer).email


async def test_a_new_language_is_nothing_that_a_case_is_told(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """It is read with the address when a message goes out."""
    invoice, customer = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice))
    world.stripe.update_customer(customer, preferred_locales=["de-DE"])

    await intake.take_event(world.stripe.last_event("customer.updated", customer))

    assert "de-DE" == ledger.address(customer).language
    assert [] == await signals(client, invoice)


async def test_a_deleted_customer_is_written_to_no_more(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    invoice, customer = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice))
    world.stripe.delete_customer(customer)

    await intake.take_event(world.stripe.last_event("customer.deleted", customer))

    assert set(Channel) == set(ledger.closed_channels(customer))
    assert [True] == [fact["customer_deleted"] for _, fact in await signals(client, invoice)]


async def test_a_case_is_told_of_an_address_that_letters_can_go_to(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    invoice, customer = a_failed_invoice(world, country="US")
    await intake.take_event(failed(world, invoice))

    whole = {"country": "US", "line1": "1 Main Street", "city": "Austin", "state": "TX", "postal_code": "78701"}
    world.stripe.update_customer(customer, address=whole)
    await intake.take_event(world.stripe.last_event("customer.updated", customer))

    [(name, fact)] = await signals(client, invoice)
    assert ("contact_changed", ["letter"]) == (name, fact["channels"])


async def test_somebody_moved_and_the_case_waited_for_an_hour_of_the_old_place(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """It decides anew, by the hours of the new one. Another street is nothing that a case is told."""
    invoice, customer = a_failed_invoice(world, country="TH")
    await intake.take_event(failed(world, invoice))

    for address in ({"country": "US"}, {"country": "US", "line1": "1 Main Street"}):
        world.stripe.update_customer(customer, address=address)
        await intake.take_event(world.stripe.last_event("customer.updated", customer))

    [(name, fact)] = await signals(client, invoice)
    assert ("contact_changed", []) == (name, fact["channels"])
    row = ledger.customer(customer)
    assert row
    assert "US" == row.country
