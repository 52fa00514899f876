"""The sweep by hand: one line, or JSON."""

import asyncio
import json

from temporalio.client import Client

from domain.ids import workflow_id
from gateways.ledger.sql_ledger import SqlLedger
from sandbox.providers.world import ProviderWorld
from tests.cases import a_failed_invoice, runs
from tests.cli.commands import Starter, said

SHORT = {"DUNNING_SWEEP_BACK": "PT1H", "DUNNING_SWEEP_GRACE": "PT0S"}


async def test_what_was_missed_is_opened_and_counted(
    starter: Starter, world: ProviderWorld, ledger: SqlLedger, client: Client
) -> None:
    invoice_id, _ = a_failed_invoice(world)
    for event in world.stripe.events:
        event["created"] -= 60  # the second that a sweep begins in is left to the next

    first = await asyncio.to_thread(starter, "sweep", "--pause", "0", env=SHORT)
    second = await asyncio.to_thread(starter, "sweep", "--pause", "0", "--whole", "--json", env=SHORT)

    assert (0, "") == said(first)
    assert "1 opened, 0 told, 0 started anew, 0 closed; 0 could not be taken." in first.stdout
    assert 1 == len(first.stdout.splitlines())
    assert ledger.case(invoice_id)
    assert await runs(client, invoice_id)
    done = json.loads(second.stdout)
    assert ({}, 1, 1) == (done["tally"]["mended"], done["tally"]["invoices"], done["tally"]["cases"])


async def test_a_case_on_which_nothing_acts_is_named(
    starter: Starter, world: ProviderWorld, ledger: SqlLedger, client: Client
) -> None:
    invoice_id, _ = a_failed_invoice(world)
    assert (0, "") == said(await asyncio.to_thread(starter, "sweep", "--pause", "0", env=SHORT))
    await client.get_workflow_handle(workflow_id(invoice_id)).terminate("by hand")

    code, told = said(await asyncio.to_thread(starter, "sweep", "--pause", "0", env=SHORT))

    assert 1 == code
    assert f"Nothing acts on 1 open cases: their workflows were stopped in Temporal: {invoice_id}." == told
