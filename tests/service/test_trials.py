"""R17: what becomes of a trial that ends without a card."""

from temporalio.client import Client

from domain.case import NO_PAYMENT_METHOD
from gateways.ledger.sql_ledger import SqlLedger
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from service.opening import Taken
from tests.cases import case_of, failed


async def test_r17_a_trial_that_ends_without_a_card_has_no_failed_payment(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """The invoice is open, Stripe says that its payment failed, and nothing was tried: no message may say so."""
    invoice = world.stripe.end_trial(world.stripe.start_trial(world.stripe.add_customer(), amount=1900))
    assert invoice is not None

    taken = await intake.take_event(failed(world, invoice))

    case = await case_of(client, invoice)
    assert Taken.OPENED is taken
    assert (NO_PAYMENT_METHOD, False) == (case.decline and case.decline.code, case.tried)
    assert [] == ledger.attempts_of(invoice)
