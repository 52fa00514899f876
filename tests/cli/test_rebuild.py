"""The commands after the loss of Temporal's database."""

import asyncio
import json
from pathlib import Path
from uuid import uuid4

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import CustomerRow
from sandbox.providers.world import ProviderWorld
from tests.cases import an_opening_row
from tests.cli.commands import Failed, Starter, said

Env = dict[str, str | None]


@pytest.fixture
async def lost(client: Client) -> Env:
    """The environment of a Temporal that has no cases: a namespace of its own."""
    name = f"lost-{uuid4().hex[:8]}"
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=Duration(seconds=86_400))
    )
    return {"TEMPORAL_NAMESPACE": name}


async def test_open_cases_start_anew(starter: Starter, ledger: SqlLedger, failed: Failed, lost: Env) -> None:
    """The command says how many; given again it starts none."""
    await asyncio.to_thread(starter, "start", failed.file("payment_failed.json"))
    await asyncio.to_thread(starter, "setup", env=lost)

    first = await asyncio.to_thread(starter, "rebuild", env=lost)
    second = await asyncio.to_thread(starter, "rebuild", env=lost)

    assert [(0, ""), (0, "")] == [said(first), said(second)]
    assert "1 started, 0 already there, 0 unreadable, 0 over, with something left to do\n" == first.stdout
    assert "0 started, 1 already there, 0 unreadable, 0 over, with something left to do\n" == second.stdout


async def test_a_case_that_cannot_be_read_is_named(
    starter: Starter, client: Client, ledger: SqlLedger, lost: Env
) -> None:
    """One line, and the exit code says that not all went well."""
    ledger.open_case(an_opening_row("in_broken", "cus_1"), CustomerRow(customer_id="cus_1"), "{}")
    await asyncio.to_thread(starter, "setup", env=lost)

    code, told = said(await asyncio.to_thread(starter, "rebuild", env=lost))

    assert 1 == code
    assert told.startswith("in_broken cannot be started: ")
    assert 1 == len(told.splitlines())


async def test_events_are_told_again_on_request(
    starter: Starter, world: ProviderWorld, ledger: SqlLedger, failed: Failed, lost: Env, tmp_path: Path
) -> None:
    """What a case was told, and had not decided on, went with Temporal: a known event reaches the new workflow."""
    opening = failed.file("payment_failed.json")
    await asyncio.to_thread(starter, "start", opening)
    world.stripe.customer_pays(failed.invoice, 500)
    paid = tmp_path / "paid.json"
    paid.write_text(json.dumps(world.stripe.last_event("invoice_payment.paid")))
    await asyncio.to_thread(starter, "start", str(paid))
    await asyncio.to_thread(starter, "setup", env=lost)
    await asyncio.to_thread(starter, "rebuild", env=lost)

    known = await asyncio.to_thread(starter, "start", str(paid), env=lost)
    again = await asyncio.to_thread(starter, "start", "--again", str(paid), env=lost)
    opened = await asyncio.to_thread(starter, "start", "--again", opening, env=lost)

    results = [result.stdout.split("  ")[0] for result in (known, again, opened)]
    assert ["exists", "passed on", "exists"] == results
