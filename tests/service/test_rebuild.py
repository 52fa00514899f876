"""Open cases start anew from the ledger, as after the loss of Temporal's database."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from domain.agency import Handoff
from domain.case import Case, CaseStatus, Closing, Outcome
from domain.closed import Closed
from domain.closing_messages import VALID, ClosingTask, Occasion
from domain.decisions import Close, Wait
from domain.money import Money
from domain.projection import Projection, projection_of
from domain.record import Entry
from domain.rules.contacts import ContactRules
from domain.steps import Channel, Stage
from domain.truth import MessageFacts
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.messages import Address
from gateways.ports.rows import ContactRow, CustomerRow
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


def now() -> datetime:
    return datetime.now(UTC)


async def nothing_left(task: ClosingTask) -> bool:
    raise AssertionError(f"{task.invoice_id} is not over")


async def restarted(ledger: SqlLedger, start: Start) -> dict[str, Restarted]:
    return {case.invoice_id: case.result async for case in rebuild(ledger, start, nothing_left, now)}


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

    found = [case async for case in rebuild(ledger, start, nothing_left, now)]

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


@pytest.mark.parametrize(
    ("how", "begins"),
    [
        ("untold", True),
        ("with an agency", True),
        ("told", False),
        ("it failed", True),  # and was to be tried again
        ("late", False),
        ("late, and a notice stands", True),
        ("nothing named", False),  # of an older history, or of a policy that wants nothing said
    ],
)
async def test_what_was_left_to_say_of_a_case_that_is_over_begins_anew(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, start: Start, how: str, begins: bool
) -> None:
    invoice, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice))
    over_at = now() - (VALID + timedelta(hours=1) if "late" in how else timedelta(hours=3))
    agency = how == "with an agency"
    over(ledger, invoice, over_at, with_agency=agency, names=how != "nothing named")
    if how in ("told", "it failed"):
        said_at_the_end(ledger, invoice, over_at, "sent" if how == "told" else "failed")
    if "notice" in how:
        said_at_the_end(ledger, invoice, over_at, "sent", notice=True)
    begun: list[ClosingTask] = []

    async def conclude(task: ClosingTask) -> bool:
        begun.append(task)
        return True

    found = [case async for case in rebuild(ledger, start, conclude, now)]

    occasion = Occasion.HANDED_OVER if agency else Occasion.END
    assert [(invoice, occasion, over_at)] * begins == [(task.invoice_id, task.occasion, task.since) for task in begun]
    assert [invoice] * begins == [one.invoice_id for one in found if one.result is Restarted.CONCLUDED]


async def test_it_begins_once(empty: Client, task_queue: str) -> None:
    """Where it runs, or has run, nothing is begun: the command may be given again."""
    starter = CaseStarter(empty, task_queue, now)
    task = {"invoice_id": f"in_{uuid4().hex}", "customer_id": "cus_1", "occasion": Occasion.END}
    over = ClosingTask(**task, since=now(), as_of=now())

    assert [True, False] == [await starter.conclude(over) for _ in range(2)]


def over(ledger: SqlLedger, invoice: str, at: datetime, *, with_agency: bool, names: bool) -> None:
    """Leaves the case as its last decision does."""
    case = Case.model_validate_json(ledger.state_of(invoice) or "")
    if with_agency:
        ended = case.but(handoff=Handoff(at=at, references=("a-1",)), occasions=("handed_over",))
        decision: Close | Wait = Wait(until=None, why="with the agency")
    else:
        end = Closing(outcome=Outcome.RECOVERED, why="paid", at=at)
        ended = case.but(closing=end, closed=True, occasions=("end",) if names else ())
        decision = Close(outcome=Outcome.RECOVERED, why="paid")
    ledger.decided(invoice, at, [], projection_of(ended, decision), ended.model_dump_json())


def said_at_the_end(ledger: SqlLedger, invoice: str, at: datetime, state: str, *, notice: bool = False) -> None:
    channel = Channel.NOTICE if notice else Channel.EMAIL
    facts = MessageFacts(stage=Stage.FRIENDLY) if notice else MessageFacts(stage=Stage.CLOSING, closed=Closed.PAID)
    row = ContactRow(
        invoice_id=invoice,
        step="closing-paid",
        channel=channel,
        stage=facts.stage.value,
        key=f"k-{invoice}-{channel}",
        state="sending",
        as_of=at,
        started_at=at,
        text="It is paid.",
        said=facts,
    )
    case = ledger.case(invoice)
    assert case
    rules = ContactRules(invoice_id=invoice, channel=channel, facts=facts)
    ledger.begin_contact(row, Address(customer_id=case.customer_id, email="a@example.com"), rules)
    entry = Entry(at=at, step=row.step, what=f"{channel} {state}", why="")
    ledger.finish_contact(invoice, row.step, channel, state, "m-1", entry)


def closed(ledger: SqlLedger, invoice: str) -> None:
    end = Projection(
        status=CaseStatus.CLOSED,
        stage="silent",
        remaining=Money(amount=0, currency="USD"),
        outcome=Outcome.RECOVERED,
        why="the invoice was paid in full",
    )
    ledger.decided(invoice, datetime.now(UTC), [], end, "{}")
