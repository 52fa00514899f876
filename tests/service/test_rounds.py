"""Money that moves after a case has ended: billed anew as another invoice with a case, or the old end taken up."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from temporalio.client import Client

from domain.agency import Handoff
from domain.case import Case, CaseStatus, Closing, Outcome
from domain.declines import DeclineClass, DeclineTable
from domain.events import AgencyReport
from domain.ids import workflow_id
from domain.money import Money
from domain.projection import Projection
from gateways.ledger.sql_ledger import SqlLedger
from gateways.policy_files import PolicyStore
from gateways.ports.rows import CustomerRow
from runtime import wiring
from runtime.settings import ROOT, Settings
from sandbox.providers.journal import Json
from sandbox.providers.stripe_outcomes import APPROVE
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from service.opening import Taken
from service.rebuild import rebuild
from service.reports import Reports
from service.running import Ended, RunningCases
from service.starting import CaseStarter
from tests.cases import OPENED_AT, a_failed_invoice, an_opening_row, case_of, failed, runs, signals


@pytest.fixture
def reopening(
    client: Client,
    task_queue: str,
    settings: Settings,
    ledger: SqlLedger,
    declines: DeclineTable,
    clock: Callable[[], datetime],
    tmp_path: Path,
) -> Iterator[Intake]:
    """The way in, with a policy that bills anew what was taken back."""
    folder = tmp_path / "policies"
    folder.mkdir()
    text = (ROOT / "policies" / "standard.yaml").read_text()
    (folder / "standard.yaml").write_text(f"{text}\ntaken_back: reopen\n")
    payments, policies = wiring.stripe_payments(settings), PolicyStore(folder)
    with closing(Intake(client, task_queue, ledger, payments, policies, declines, clock)) as intake:
        yield intake


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


def end(ledger: SqlLedger, case: Case, outcome: Outcome, remaining: int) -> None:
    """What the case's last decision leaves in the ledger."""
    over = case.but(closed=True, closing=Closing(outcome=outcome, why="over", at=OPENED_AT), due=usd(remaining))
    row = Projection(status=CaseStatus.CLOSED, stage="final", remaining=usd(remaining), why="over", outcome=outcome)
    ledger.decided(case.facts.invoice_id, OPENED_AT, [], row, over.model_dump_json())


async def recovered(world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client) -> str:
    """An invoice whose case is over: the customer paid."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.customer_pays(invoice_id)
    end(ledger, await case_of(client, invoice_id), Outcome.RECOVERED, 0)
    return invoice_id


async def returned(world: ProviderWorld, intake: Intake, invoice_id: str, reason: str = "insufficient_funds") -> Json:
    """The bank takes the payment back, and Stripe tells it."""
    event = world.stripe.last_event("charge.dispute.closed", world.stripe.return_debit(invoice_id, reason=reason))
    await intake.take_event(event)
    return event


def bill_of(ledger: SqlLedger, invoice_id: str) -> str:
    row = ledger.case(invoice_id)
    assert row
    assert row.reopened_as
    return row.reopened_as


async def test_a_debit_that_came_back_is_dunned_again(
    world: ProviderWorld, reopening: Intake, ledger: SqlLedger, client: Client
) -> None:
    """R14: billed anew at Stripe, where the old invoice stays paid; the new one has a case. Each names the other."""
    old = await recovered(world, reopening, ledger, client)
    event = await returned(world, reopening, old)

    new = bill_of(ledger, old)
    bill = world.stripe.get(new)
    assert ("paid", "open", 2000) == (world.stripe.get(old)["status"], bill["status"], bill["amount_remaining"])
    assert (False, 0) == (bill["auto_advance"], bill["attempt_count"])
    assert old == bill["metadata"]["dunning_replaces"]
    case = await case_of(client, new)
    assert (old, False, False) == (case.facts.reopens, case.facts.contested, case.tried)
    assert int(event["created"]) == int(case.facts.opened_at.timestamp())
    row = ledger.case(new)
    assert row
    assert (old, usd(2000), "standard@1") == (row.reopens, row.remaining, row.policy.replace("@9", "@1"))


async def test_what_is_billed_anew_is_in_no_list_twice(
    world: ProviderWorld, reopening: Intake, ledger: SqlLedger, client: Client
) -> None:
    """It is owed on the new invoice. The old case says what became of it."""
    old = await recovered(world, reopening, ledger, client)
    await returned(world, reopening, old)

    row = ledger.case(old)
    assert row
    assert (Outcome.RECOVERED, usd(0)) == (row.outcome, row.remaining)
    assert () == ledger.cases(owed_again=True).rows
    [entry] = [line for line in ledger.record(old) if line.step == "late"]
    assert f"billed anew as {row.reopened_as}" in entry.why
    assert "the bank returned the debit (insufficient funds)" in entry.why


async def test_it_is_billed_once_however_often_it_is_told(
    world: ProviderWorld, reopening: Intake, ledger: SqlLedger, client: Client
) -> None:
    """Also by another event of the same loss: the bill is found at Stripe, whatever became of its idempotency key."""
    old = await recovered(world, reopening, ledger, client)
    event = await returned(world, reopening, old)
    new = bill_of(ledger, old)

    taken = await reopening.take_event({**event, "id": "evt_told_again"})

    assert (Taken.EXISTS, new) == (taken, bill_of(ledger, old))
    assert 1 == len([i for i in world.stripe.store.of_kind("invoice") if i["metadata"].get("dunning_replaces") == old])


@pytest.mark.parametrize(
    ("reason", "decline_class"),
    [
        ("insufficient_funds", DeclineClass.RETRY_LATER),
        ("incorrect_account_details", DeclineClass.NEW_METHOD),
        ("bank_cannot_process", DeclineClass.NEW_METHOD),
        ("debit_not_authorized", DeclineClass.NEVER),
    ],
)
async def test_what_the_bank_said_decides_whether_it_is_debited_again(
    world: ProviderWorld,
    reopening: Intake,
    ledger: SqlLedger,
    client: Client,
    reason: str,
    decline_class: DeclineClass,
) -> None:
    """R14: only want of funds may be tried again; and no charge is counted that nobody made."""
    old = await recovered(world, reopening, ledger, client)
    await returned(world, reopening, old, reason)

    new = bill_of(ledger, old)
    case = await case_of(client, new)
    assert decline_class is case.decline_class
    assert [] == ledger.attempts_of(new)


async def test_a_lost_dispute_is_billed_and_never_charged(
    world: ProviderWorld, reopening: Intake, ledger: SqlLedger, client: Client
) -> None:
    """The customer may pay it; no bank's answer stands that a new card could change."""
    old = await recovered(world, reopening, ledger, client)
    dispute = world.stripe.open_dispute(old)
    world.stripe.close_dispute(dispute, won=False)

    await reopening.take_event(world.stripe.last_event("charge.dispute.closed", dispute))

    case = await case_of(client, bill_of(ledger, old))
    assert (True, None) == (case.facts.contested, case.decline)


async def test_the_second_round_is_the_last_one(
    world: ProviderWorld, reopening: Intake, ledger: SqlLedger, client: Client
) -> None:
    """The new invoice is paid by debit, and that comes back too: an operator decides."""
    old = await recovered(world, reopening, ledger, client)
    await returned(world, reopening, old)
    new = bill_of(ledger, old)
    world.stripe.customer_pays(new)
    end(ledger, await case_of(client, new), Outcome.RECOVERED, 0)

    await returned(world, reopening, new)

    [row] = ledger.cases(owed_again=True).rows
    assert (new, None, usd(2000)) == (row.invoice_id, row.reopened_as, row.remaining)
    assert "it was billed anew once already" in row.why


async def test_by_the_shipped_policy_an_operator_decides(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """Nothing is billed, and the list says what there is to do."""
    old = await recovered(world, intake, ledger, client)
    await returned(world, intake, old)

    [row] = ledger.cases(owed_again=True).rows
    assert (old, None) == (row.invoice_id, row.reopened_as)
    assert "leaves it to an operator: bill it anew in Stripe, or leave it" in row.why


async def test_who_has_left_is_not_dunned_again_by_itself(
    world: ProviderWorld, reopening: Intake, ledger: SqlLedger, client: Client
) -> None:
    """R3: the subscription has ended since."""
    old = await recovered(world, reopening, ledger, client)
    parent = world.stripe.get(old)["parent"]
    world.stripe.cancel_subscription(parent["subscription_details"]["subscription"])

    await returned(world, reopening, old)

    [row] = ledger.cases(owed_again=True).rows
    assert "the subscription has ended" in row.why


async def test_a_half_opened_second_round_is_opened_by_the_next_news(
    world: ProviderWorld, reopening: Intake, ledger: SqlLedger, client: Client, settings: Settings
) -> None:
    """A crash between ledger and Temporal: what was known of the loss is in the ledger."""
    old = await recovered(world, reopening, ledger, client)
    first = await case_of(client, old)
    payments = wiring.stripe_payments(settings)
    new = payments.bill_anew(payments.read_invoice(old), usd(2000), "dun:again")
    facts = first.facts.model_copy(update={"invoice_id": new, "reopens": old, "contested": True})
    row = an_opening_row(new, first.facts.customer_id)
    known = {"reopens": old, "policy": str(first.policy), "policy_digest": first.policy.digest}
    begun = first.but(facts=facts, decline=None).model_dump_json()
    ledger.open_case(row.model_copy(update=known), CustomerRow(customer_id=row.customer_id), begun)
    world.stripe.customer_pays(new, 500)

    await reopening.take_event(world.stripe.last_event("invoice_payment.paid"))

    case = await case_of(client, new)
    assert (old, True, None) == (case.facts.reopens, case.facts.contested, case.decline)
    assert ["payment_received"] == [name for name, _ in await signals(client, new)]


async def test_the_ledger_starts_the_second_round_anew(
    world: ProviderWorld,
    reopening: Intake,
    ledger: SqlLedger,
    client: Client,
    task_queue: str,
    clock: Callable[[], datetime],
) -> None:
    """Each round has an invoice of its own: of the two, only the one that runs is started."""
    old = await recovered(world, reopening, ledger, client)
    await returned(world, reopening, old)

    starter = CaseStarter(client, task_queue, clock)
    found = [restart.invoice_id async for restart in rebuild(ledger, starter.start, starter.conclude, clock)]

    assert [bill_of(ledger, old)] == found


async def given_up(
    world: ProviderWorld,
    intake: Intake,
    ledger: SqlLedger,
    client: Client,
    outcome: Outcome,
    handoff: Handoff | None = None,
) -> str:
    """An invoice whose case has ended without its money."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    case = await case_of(client, invoice_id)
    await client.get_workflow_handle(workflow_id(invoice_id)).terminate()
    end(ledger, case.but(handoff=handoff), outcome, 2000)
    return invoice_id


@pytest.mark.parametrize("outcome", [Outcome.WRITTEN_OFF, Outcome.COLLECTIONS])
async def test_a_given_up_case_that_is_paid_is_taken_up_for_its_end(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, outcome: Outcome
) -> None:
    """R40: the same case, under the same workflow id; several events of the payment start it once."""
    invoice_id = await given_up(world, intake, ledger, client, outcome)
    world.stripe.customer_pays(invoice_id)

    for kind, of in (("invoice.paid", invoice_id), ("invoice_payment.paid", None)):
        await intake.take_event(world.stripe.last_event(kind, of) if of else world.stripe.last_event(kind))

    case = await case_of(client, invoice_id)
    assert case.closing
    assert (False, Outcome.RECOVERED, usd(0)) == (case.closed, case.closing.outcome, case.due)
    assert 2 == await runs(client, invoice_id)


async def test_a_part_payment_of_a_given_up_case_is_only_booked(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """It gives no access back."""
    invoice_id = await given_up(world, intake, ledger, client, Outcome.WRITTEN_OFF)
    world.stripe.customer_pays(invoice_id, 500)

    await intake.take_event(world.stripe.last_event("invoice_payment.paid"))

    row = ledger.case(invoice_id)
    assert row
    assert (Outcome.WRITTEN_OFF, usd(1500)) == (row.outcome, row.remaining)
    assert 1 == await runs(client, invoice_id)


async def test_a_payment_that_is_taken_back_is_not_booked_as_come_in_afterwards(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """Stripe's invoice stays paid: a late event of the old payment made what is owed again vanish."""
    old = await recovered(world, intake, ledger, client)
    await returned(world, intake, old)

    await intake.take_event({**world.stripe.last_event("invoice.paid", old), "id": "evt_late"})

    [row] = ledger.cases(owed_again=True).rows
    assert usd(2000) == row.remaining


async def test_a_debit_that_arrives_after_the_invoice_was_paid_is_a_refund_that_is_due(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """R5: Stripe keeps it as credit, and nobody was told."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.customer_debits(invoice_id)
    world.stripe.pay_out_of_band(invoice_id)
    end(ledger, await case_of(client, invoice_id), Outcome.RECOVERED, 0)

    world.stripe.finish_processing(invoice_id, APPROVE)
    for kind, of in (("invoice.overpaid", invoice_id), ("invoice_payment.paid", None)):
        await intake.take_event(world.stripe.last_event(kind, of) if of else world.stripe.last_event(kind))

    row = ledger.case(invoice_id)
    assert row
    assert usd(2000) == row.refund_due
    [entry] = [line for line in ledger.record(invoice_id) if line.what == "refund due"]
    assert entry.why.startswith("20.00 USD to be given back: the invoice was paid twice")


async def test_an_agency_that_is_paid_after_its_time_is_heard(
    world: ProviderWorld,
    intake: Intake,
    ledger: SqlLedger,
    client: Client,
    task_queue: str,
    clock: Callable[[], datetime],
) -> None:
    """R40: the case had ended with the agency. What it collected was refused, and known to nobody; now the case is
    taken up: what is due falls, the money is to be recorded at Stripe, and given twice the report counts once."""
    handoff = Handoff(at=OPENED_AT, references=("agency-1",))
    invoice_id = await given_up(world, intake, ledger, client, Outcome.COLLECTIONS, handoff)
    reports = Reports(RunningCases(client, ledger), CaseStarter(client, task_queue, clock), ledger, clock)

    await reports.agency(invoice_id, AgencyReport.PAYMENT, "agency-pays", "5.00")

    case = await case_of(client, invoice_id)
    assert (usd(1500), [usd(500)]) == (case.due, [payment.amount for payment in case.outside])
    assert case.closing
    assert (False, Outcome.COLLECTIONS) == (case.closed, case.closing.outcome)


async def test_a_lost_report_of_an_agency_stays_refused(
    world: ProviderWorld,
    intake: Intake,
    ledger: SqlLedger,
    client: Client,
    task_queue: str,
    clock: Callable[[], datetime],
) -> None:
    """Nothing follows from anything but a payment, nor from one in another currency."""
    handoff = Handoff(at=OPENED_AT, references=("agency-1",))
    invoice_id = await given_up(world, intake, ledger, client, Outcome.COLLECTIONS, handoff)
    reports = Reports(RunningCases(client, ledger), CaseStarter(client, task_queue, clock), ledger, clock)

    with pytest.raises(Ended):
        await reports.agency(invoice_id, AgencyReport.RETURNED, "agency-returns")
    with pytest.raises(Ended):
        await reports.agency(invoice_id, AgencyReport.PAYMENT, "agency-pays", "5.00", "EUR")
