"""What no webhook brought is found, mended once, and on record."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from temporalio.client import Client

from domain.case import Case, CaseStatus, Hold, HoldReason
from domain.ids import workflow_id
from domain.projection import Projection
from domain.sweep import Mend, Stage, Sweep
from gateways.ledger.schema import cases
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.trouble import ProviderTrouble
from gateways.prometheus_meter import PrometheusMeter
from runtime import sweep, wiring
from runtime.settings import Settings
from sandbox.providers.faults import Mode
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from service.opening import Taken
from service.starting import CaseStarter
from service.sweep import Sweeping
from service.sweep_cases import CaseCheck
from service.threads import Threads
from tests.cases import OPENED_AT, a_failed_invoice, failed, half_open, runs, signals
from worker import build_worker


@pytest.fixture
def later() -> Callable[[], datetime]:
    """A clock that is ahead of the stand-ins': what has just happened lies in the past."""
    return lambda: datetime.now(UTC) + timedelta(minutes=1)


@pytest.fixture
def sweeping(
    client: Client,
    task_queue: str,
    settings: Settings,
    ledger: SqlLedger,
    intake: Intake,
    later: Callable[[], datetime],
) -> Iterator[Sweeping]:
    payments = wiring.stripe_payments(settings)
    threads = Threads(2, "sweep")
    check = CaseCheck(client, CaseStarter(client, task_queue, later), ledger, payments, intake, threads, later)
    back, grace = timedelta(days=30), timedelta(0)
    with closing(Sweeping(ledger, ledger, payments.lists, payments, intake, check, threads, later, back, grace)) as one:
        yield one


async def swept(sweeping: Sweeping, *, whole: bool = False) -> Sweep:
    """A sweep from its beginning, or from where it was interrupted, to its end."""
    now = await sweeping.begin(whole=whole)
    while not now.ended_at:
        now = await sweeping.page(now)
    return now


async def heard(world: ProviderWorld, intake: Intake) -> None:
    """The webhooks have brought all that has happened so far."""
    for event in world.stripe.events:
        await intake.take_event(event)


def of_sweep(ledger: SqlLedger, invoice_id: str) -> list[tuple[str, str]]:
    return [(entry.what, entry.why) for entry in ledger.record(invoice_id) if entry.step == "sweep"]


async def test_a_failure_that_nobody_told_opens_its_case_by_its_event(
    world: ProviderWorld, sweeping: Sweeping, ledger: SqlLedger, client: Client
) -> None:
    invoice_id, _ = a_failed_invoice(world)

    first, second = await swept(sweeping), await swept(sweeping, whole=True)

    event = failed(world, invoice_id)
    case = ledger.case(invoice_id)
    assert case is not None
    assert ("open", event["created"]) == (case.status, case.opened_at.timestamp())
    assert {Mend.OPENED: 1} == first.tally.mended
    assert ({}, 0) == (second.tally.mended, second.tally.refused)
    assert [("found by the sweep", "invoice.payment_failed had not reached us")] == of_sweep(ledger, invoice_id)
    assert 1 == await runs(client, invoice_id)


async def test_what_is_mended_is_counted_and_so_are_the_requests_for_it(
    world: ProviderWorld, settings: Settings, ledger: SqlLedger, client: Client, later: Callable[[], datetime]
) -> None:
    """As a worker makes it: whoever watches sees the sweep's calls to Stripe beside all others."""
    registry = CollectorRegistry()
    meter = PrometheusMeter(registry)
    a_failed_invoice(world)
    ready = settings.model_copy(update={"dunning_sweep_grace": timedelta(0)})
    with (
        closing(wiring.intake(ready, client, ledger, meter=meter)) as intake,
        closing(sweep.sweeping(ready, client, ledger, intake, meter)) as sweeping,
    ):
        done = await swept(sweeping)

    def counted(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert done.tally.mended[Mend.OPENED] == counted("dunning_swept_total", result="opened")
    for operation in ("get events", "get invoices"):
        labels = {"provider": "stripe", "operation": operation, "outcome": "ok"}
        assert counted("dunning_provider_call_seconds_count", **labels)


async def test_a_failure_whose_event_is_gone_is_found_by_its_open_invoice(
    world: ProviderWorld, sweeping: Sweeping, ledger: SqlLedger
) -> None:
    invoice_id, _ = a_failed_invoice(world)
    world.stripe.store.events.clear()

    done = await swept(sweeping)

    assert ({Mend.OPENED: 1}, 0, 1) == (done.tally.mended, done.tally.events, done.tally.invoices)
    assert [("found by the sweep", "the failed payment had not reached us")] == of_sweep(ledger, invoice_id)


async def test_an_invoice_that_was_never_tried_is_left_alone(
    world: ProviderWorld, sweeping: Sweeping, ledger: SqlLedger
) -> None:
    customer = world.stripe.add_customer()
    world.stripe.add_card(customer)
    world.stripe.add_invoice(customer, amount=2000, currency="usd")

    done = await swept(sweeping)

    assert (1, {}) == (done.tally.invoices, done.tally.mended)
    assert () == ledger.cases().rows


async def test_a_payment_that_nobody_told_reaches_its_case_by_its_event(
    world: ProviderWorld, sweeping: Sweeping, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    invoice_id, _ = a_failed_invoice(world)
    await heard(world, intake)
    world.stripe.customer_pays(invoice_id)

    first, _second = await swept(sweeping), await swept(sweeping, whole=True)

    told = [name for name, _ in await signals(client, invoice_id)]
    assert Mend.TOLD in first.tally.mended
    assert {"payment_received"} <= set(told)
    assert len(told) == len({said["event_id"] for _, said in await signals(client, invoice_id)})
    assert ("told by the sweep", "invoice.paid had not reached us") in of_sweep(ledger, invoice_id)


async def test_a_payment_whose_event_is_gone_is_seen_on_the_invoice(
    world: ProviderWorld, sweeping: Sweeping, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """By two sweeps once: a case that nobody runs at the moment is told the same thing once a day."""
    invoice_id, _ = a_failed_invoice(world)
    await heard(world, intake)
    world.stripe.customer_pays(invoice_id)
    world.stripe.store.events.clear()

    first, second = await swept(sweeping), await swept(sweeping)

    [(name, said)] = await signals(client, invoice_id)
    assert ("payment_received", 0) == (name, said["remaining"]["amount"])
    assert ({Mend.TOLD: 1}, {}) == (first.tally.mended, second.tally.mended)
    assert [("told by the sweep", "the invoice is paid, 0.00 USD due")] == of_sweep(ledger, invoice_id)


async def test_r68_a_reported_payment_failed_and_nobody_said_so(
    world: ProviderWorld, sweeping: Sweeping, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """The case stands still for it; by the next sweep it goes on."""
    invoice_id, _ = a_failed_invoice(world)
    await heard(world, intake)
    record = world.stripe.reports_payment(invoice_id, 500)
    await swept(sweeping)
    case = Case.model_validate_json(ledger.state_of(invoice_id) or "")
    wait = Hold(reason=HoldReason.PAYMENT_PROCESSING, since=case.facts.opened_at)
    due = case.due
    held = Projection(status=CaseStatus.ON_HOLD, stage="friendly", remaining=due, why="a payment is on its way")
    ledger.decided(invoice_id, case.facts.opened_at, [], held, case.but(holds=(wait,)).model_dump_json())

    world.stripe.reported_payment_ends(record, "failed")
    await swept(sweeping)

    assert [True, False] == [said["paying"] for _, said in await signals(client, invoice_id)]


async def test_a_case_that_believes_what_stripe_says_is_told_nothing(
    world: ProviderWorld, sweeping: Sweeping, intake: Intake, client: Client
) -> None:
    invoice_id, _ = a_failed_invoice(world)
    await heard(world, intake)

    done = await swept(sweeping)

    assert (1, {}, 0) == (done.tally.cases, done.tally.mended, done.tally.two_owners)
    assert [] == await signals(client, invoice_id)


async def test_stripes_own_tries_beside_ours_are_counted_and_told(
    world: ProviderWorld, sweeping: Sweeping, intake: Intake, client: Client
) -> None:
    invoice_id, _ = a_failed_invoice(world)
    await heard(world, intake)
    soon = int((datetime.now(UTC) + timedelta(days=3)).timestamp())
    world.stripe.store.objects[invoice_id]["next_payment_attempt"] = soon

    done = await swept(sweeping)

    [(name, said)] = await signals(client, invoice_id)
    assert (1, {Mend.TOLD: 1}) == (done.tally.two_owners, done.tally.mended)
    assert ("invoice_changed", soon) == (name, datetime.fromisoformat(said["tries"]["next_at"]).timestamp())


async def test_half_an_opening_is_finished(
    world: ProviderWorld, sweeping: Sweeping, ledger: SqlLedger, client: Client
) -> None:
    invoice_id, customer = a_failed_invoice(world)
    half_open(ledger, invoice_id, customer, OPENED_AT)
    world.stripe.store.events.clear()

    done = await swept(sweeping)

    case = ledger.case(invoice_id)
    assert case is not None
    assert ("open", {Mend.OPENED: 1}) == (case.status, done.tally.mended)
    assert 1 == await runs(client, invoice_id)


async def test_a_case_without_a_workflow_runs_again(
    world: ProviderWorld, sweeping: Sweeping, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """As after the loss of Temporal's database: here the ledger's rows come from another namespace's life."""
    invoice_id, customer = a_failed_invoice(world)
    other, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, other))
    state, row = ledger.state_of(other), ledger.case(other)
    assert state is not None
    assert row is not None
    mine = row.model_copy(update={"invoice_id": invoice_id, "customer_id": customer})
    known = ledger.customer(row.customer_id)
    assert known is not None
    ledger.open_case(mine, known.model_copy(update={"customer_id": customer}), state.replace(other, invoice_id))
    world.stripe.store.events.clear()

    first, second = await swept(sweeping), await swept(sweeping)

    assert (1, 0) == tuple(done.tally.mended.get(Mend.RESTARTED, 0) for done in (first, second))
    assert ("started anew by the sweep", "Temporal had no workflow of it") in of_sweep(ledger, invoice_id)
    assert 1 == await runs(client, invoice_id)


async def test_a_workflow_that_was_terminated_is_named_and_left_alone(
    world: ProviderWorld, sweeping: Sweeping, intake: Intake, client: Client
) -> None:
    invoice_id, _ = a_failed_invoice(world)
    await heard(world, intake)
    await client.get_workflow_handle(workflow_id(invoice_id)).terminate("by hand")

    done = await swept(sweeping)

    assert ((invoice_id,), 1, {}) == (done.tally.stopped, done.tally.stopped_in_all, done.tally.mended)
    assert 1 == await runs(client, invoice_id)


async def test_r62_one_invoice_that_nobody_understands_stopped_every_sweep(
    world: ProviderWorld, sweeping: Sweeping, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """What an answer shows is not what Stripe documents: of an open case, and of an invoice that has none. Both are
    counted, and what comes after them is mended."""
    known, unknown, after = (a_failed_invoice(world)[0] for _ in range(3))
    await intake.take_event(failed(world, known))
    world.stripe.store.events.clear()
    for invoice_id in (known, unknown):
        world.stripe.store.objects[invoice_id]["currency"] = "no currency"

    done = await swept(sweeping)

    assert (2, {Mend.OPENED: 1}) == (done.tally.refused, done.tally.mended)
    assert [1, 0, 1] == [await runs(client, invoice) for invoice in (known, unknown, after)]


async def test_what_is_interrupted_in_the_middle_goes_on_there(
    world: ProviderWorld, sweeping: Sweeping, ledger: SqlLedger, client: Client
) -> None:
    """Stripe goes away between two cases: the next sweep goes on at the same page, and nothing is done twice."""
    invoices = [a_failed_invoice(world)[0] for _ in range(3)]
    world.faults.add("stripe", f"GET /v1/invoices/{invoices[1]}", Mode.ERROR, times=50)
    with pytest.raises(ProviderTrouble):
        await swept(sweeping)
    world.faults.clear()

    again = await sweeping.begin()
    done = await swept(sweeping)

    assert (Stage.EVENTS, None) == (again.stage, again.ended_at)
    assert again.pages > 0
    assert again.begun_at == done.begun_at
    assert [1, 1, 1] == [await runs(client, invoice) for invoice in invoices]
    assert [1, 1, 1] == [[entry.what for entry in ledger.record(invoice)].count("case opened") for invoice in invoices]


async def test_an_ended_case_that_the_ledger_has_as_open_is_closed(
    world: ProviderWorld, sweeping: Sweeping, intake: Intake, ledger: SqlLedger, settings: Settings, client: Client
) -> None:
    """As after a backup of the ledger was put back: the row is the one from before the end."""
    invoice_id, _ = a_failed_invoice(world)
    await heard(world, intake)
    before = ledger.state_of(invoice_id)
    world.stripe.customer_pays(invoice_id)
    await intake.take_event(world.stripe.last_event("invoice.paid", invoice_id))
    async with build_worker(client, settings):
        await client.get_workflow_handle(workflow_id(invoice_id)).result()
    assert before is not None
    put_back(ledger, invoice_id, before)

    first, second = await swept(sweeping), await swept(sweeping)

    case = ledger.case(invoice_id)
    assert case is not None
    assert ("closed", "recovered", 0) == (case.status, case.outcome, case.remaining.amount)
    assert (1, 0) == tuple(done.tally.mended.get(Mend.CLOSED, 0) for done in (first, second))
    assert ("closed by the sweep", "its workflow had ended as recovered, and the ledger had it as open") in of_sweep(
        ledger, invoice_id
    )


def put_back(ledger: SqlLedger, invoice_id: str, state: str) -> None:
    """The case's row as it was before it ended."""
    with ledger._database.writing() as connection:
        connection.execute(
            sa.update(cases)
            .where(cases.c.invoice_id == invoice_id)
            .values(status="open", outcome=None, closed_at=None, remaining=2000, state=state)
        )


async def test_a_payment_that_was_told_before_its_failure_opens_no_case(
    world: ProviderWorld, sweeping: Sweeping, intake: Intake, ledger: SqlLedger
) -> None:
    """By webhook or by sweep: the payment is marked as taken, and the failure finds the invoice paid."""
    invoice_id, _ = a_failed_invoice(world)
    world.stripe.customer_pays(invoice_id)
    paid = world.stripe.last_event("invoice.paid", invoice_id)

    await intake.take_event(paid)
    known = ledger.event_known("stripe", paid["id"])
    late = await intake.take_event(failed(world, invoice_id))
    done = await swept(sweeping)

    assert known is not None
    assert invoice_id == known.invoice_id
    assert Taken.PAID == late
    assert {} == done.tally.mended
    assert ledger.case(invoice_id) is None
