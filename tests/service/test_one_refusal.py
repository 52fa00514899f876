"""What Stripe refuses for one customer: a line of refusal, which holds up nobody else."""

import asyncio
import json
from contextlib import closing
from datetime import UTC, datetime, timedelta

from temporalio.client import Client

from domain.ids import bill_key
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.inbox import Arrival
from runtime.doors import readers
from runtime.settings import Settings
from sandbox.providers.world import ProviderWorld
from service.inbox import Delivery
from service.intake import Intake
from service.threads import Threads
from tests.cases import a_failed_invoice, failed, runs
from tests.sandbox.providers.stripe_account import a_client
from tests.service.test_rounds import recovered, reopening

__all__ = ["reopening"]  # the fixture


async def test_r56_one_bill_that_stripe_taxed_held_up_the_webhooks_of_all_customers(
    world: ProviderWorld, reopening: Intake, ledger: SqlLedger, client: Client, settings: Settings
) -> None:
    """Its event is refused with what there is to do, and taken when that was done; all that comes after it is taken at
    once."""
    old = await recovered(world, reopening, ledger, client)
    dispute = world.stripe.return_debit(old)
    bill = a_taxed_bill(world, old, dispute)
    other, _ = a_failed_invoice(world)
    events = [world.stripe.last_event("charge.dispute.closed", dispute), failed(world, other)]
    now, news = datetime.now(UTC), asyncio.Event()
    ledger.keep([Arrival(provider="stripe", event_id=e["id"], kind=e["type"], body=json.dumps(e)) for e in events], now)

    with closing(Threads(4, "test")) as threads:
        given = readers(settings, reopening)
        delivery = Delivery(ledger, reopening, threads, lambda: now, "me", news, given, timedelta(days=1))
        handed_on = await delivery.round()

    first, second = ledger.inbox()
    assert (2, "refused", "done") == (handed_on, first.state, second.state)
    assert f"The new invoice {bill}" in first.note
    assert "Correct it there and finalize it" in first.note
    assert await runs(client, other)


def a_taxed_bill(world: ProviderWorld, invoice_id: str, dispute: str) -> str:
    """The bill for what was taken back, as Stripe has it after the merchant's tax was added: 21.40 for 20 dollars."""
    stripe, customer = a_client(world).v1, world.stripe.get(invoice_id)["customer"]
    draft = stripe.invoices.create(
        {
            "customer": customer,
            "currency": "usd",
            "auto_advance": False,
            "collection_method": "charge_automatically",
            "metadata": {"dunning_key": bill_key(invoice_id, dispute)},
            "pending_invoice_items_behavior": "exclude",
        }
    )
    stripe.invoice_items.create({"customer": customer, "invoice": draft.id, "amount": 2140, "currency": "usd"})
    return draft.id
