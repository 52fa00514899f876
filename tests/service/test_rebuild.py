"""Open cases start anew from the ledger, as after the loss of Temporal's database."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from domain.case import CaseStatus, Outcome
from domain.money import Money
from domain.projection import Projection
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import CustomerRow
from runtime.set_up import register_search_attributes
from runtime.settings import Settings
from runtime.temporal import connect
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from service.rebuild import Restarted, Start, rebuild
from service.starting import CaseStarter
from tests.cases import a_failed_invoice, an_opening_row, case_of, failed, runs


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def empty(client: Client) -> Client:
    """A namespace that has no case: what a Temporal with a new database is to the ledger."""
    name = f"empty-{uuid4().hex[:8]}"
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=Duration(seconds=86_400))
    )
    other = await connect(Settings(temporal_address=client.service_client.config.target_host, temporal_namespace=name))
    await register_search_attributes(other)
    return other


@pytest.fixture
def start(empty: Client, task_queue: str) -> Start:
    return CaseStarter(empty, task_queue, lambda: datetime.now(UTC)).start


async def restarted(ledger: SqlLedger, start: Start) -> dict[str, Restarted]:
    return {case.invoice_id: case.result async for case in rebuild(ledger, start)}


async def test_open_cases_run_again(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, empty: Client, start: Start
) -> None:
    """Each with the input that it had at its newest decision; asked again, nothing is started."""
    invoices = sorted(a_failed_invoice(world)[0] for _ in range(3))
    for invoice in invoices:
        await intake.take_event(failed(world, invoice))

    first, second = await restarted(ledger, start), await restarted(ledger, start)

    assert dict.fromkeys(invoices, Restarted.STARTED) == first
    assert dict.fromkeys(invoices, Restarted.THERE) == second
    assert [await case_of(client, invoice) for invoice in invoices] == [await case_of(empty, i) for i in invoices]


async def test_what_runs_is_left_alone(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, task_queue: str
) -> None:
    """On the Temporal that was not lost, no case is started a second time."""
    invoice, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice))

    found = await restarted(ledger, CaseStarter(client, task_queue, lambda: datetime.now(UTC)).start)

    assert {invoice: Restarted.THERE} == found
    assert 1 == await runs(client, invoice)


async def test_a_state_that_cannot_be_read_does_not_stop_the_others(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, start: Start
) -> None:
    """It is named with what is wrong."""
    invoice, customer = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice))
    broken = f"in_0{uuid4().hex}"
    ledger.open_case(an_opening_row(broken, customer), CustomerRow(customer_id=customer), '{"facts": 1}')

    found = [case async for case in rebuild(ledger, start)]

    assert {broken: Restarted.UNREADABLE, invoice: Restarted.STARTED} == {c.invoice_id: c.result for c in found}
    assert [True, False] == [bool(case.problem) for case in sorted(found, key=lambda case: case.invoice_id != broken)]


async def test_a_closed_case_stays_closed(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, empty: Client, start: Start
) -> None:
    """The ledger knows its end: it is not among those that are started."""
    invoice, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice))
    closed(ledger, invoice)

    assert {} == await restarted(ledger, start)
    assert 0 == await runs(empty, invoice)


def closed(ledger: SqlLedger, invoice: str) -> None:
    end = Projection(
        status=CaseStatus.CLOSED,
        stage="silent",
        remaining=Money(amount=0, currency="USD"),
        outcome=Outcome.RECOVERED,
        why="the invoice was paid in full",
    )
    ledger.decided(invoice, datetime.now(UTC), [], end, "{}")
