"""Cases begin through events and records: once per invoice, whatever comes twice, late or half."""

from temporalio.client import Client

from domain.ids import workflow_id
from gateways.ledger.sql_ledger import SqlLedger
from runtime.intake import Intake
from runtime.opening import Taken
from sandbox.providers.stripe_outcomes import Decline
from sandbox.providers.world import ProviderWorld

BROKE = Decline("insufficient_funds")


def a_failed_invoice(world: ProviderWorld, **customer: object) -> str:
    """An invoice over 20 dollars whose first charge was declined for insufficient funds."""
    owner = world.stripe.add_customer(**customer)  # type: ignore[arg-type]
    world.stripe.add_card(owner, behaviour=BROKE)
    return world.stripe.fail_first_payment(owner, amount=2000, currency="usd")


async def test_a_failed_payment_opens_a_case(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """The event becomes a row of the ledger and a running workflow under the invoice's id."""
    invoice_id = a_failed_invoice(world)

    taken = await intake.take_event(world.stripe.last_event("invoice.payment_failed", invoice_id))

    described = await client.get_workflow_handle(workflow_id(invoice_id)).describe()
    row = ledger.case(invoice_id)
    assert Taken.OPENED == taken
    assert row is not None
    assert "open" == row.status
    assert described.status is not None
    assert "RUNNING" == described.status.name
    assert "20.00 USD, insufficient funds" == await described.static_summary()
