"""Debits that come back after they had paid (R14): a part of an invoice whose case goes on, and charges of ours."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from domain.case import CaseStatus, ChargeOutcome, Outcome
from domain.declines import DeclineTable
from domain.ids import charge_key
from domain.money import Money
from domain.projection import Projection
from domain.record import Entry
from domain.rules.uses import NextCharge
from gateways.ledger.sql_ledger import SqlLedger
from gateways.policy_files import PolicyStore
from runtime import wiring
from runtime.settings import ROOT, Settings
from sandbox.providers.stripe_outcomes import APPROVE, PROCESSING, Decline
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from service.opening import Taken
from tests.cases import OPENED_AT, a_failed_invoice, an_attempt, case_of, failed, signals
from tests.told import told


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


async def a_part_by_debit(world: ProviderWorld, intake: Intake) -> str:
    """Of twenty dollars eight were paid from a bank account, and eight days later the bank takes them back."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.customer_debits(invoice_id, 800)
    world.stripe.finish_processing(invoice_id, APPROVE)
    await intake.take_event(world.stripe.last_event("invoice_payment.paid"))
    return invoice_id


async def comes_back(world: ProviderWorld, intake: Intake, invoice_id: str) -> None:
    dispute = world.stripe.return_debit(invoice_id)
    for kind in ("created", "closed"):
        await intake.take_event(world.stripe.last_event(f"charge.dispute.{kind}", dispute))


async def test_a_part_that_comes_back_leaves_the_case_open_and_is_owed_again(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """Stripe's invoice asks for the other twelve as before: what came back an operator has to bill, and finds it."""
    invoice_id = await a_part_by_debit(world, intake)

    await comes_back(world, intake, invoice_id)

    assert ["dispute_opened", "returned"] == [
        fact.get("outcome", name) for name, fact in (await signals(client, invoice_id))[-2:]
    ]
    assert 1200 == world.stripe.get(invoice_id)["amount_remaining"]
    [row] = ledger.cases(owed_again=True).rows
    assert (invoice_id, "open", None) == (row.invoice_id, row.status, row.outcome)
    assert ["taken back"] == [line.what for line in ledger.record(invoice_id) if line.step == "late"]
    event = told(ledger, invoice_id)[-1]
    assert ("payment.taken_back", 800) == (event.type, event.data["amount"]["amount"])


async def test_a_part_that_comes_back_is_billed_anew_by_policy(
    world: ProviderWorld, reopening: Intake, ledger: SqlLedger, client: Client
) -> None:
    """Then two invoices of the customer are open, as a customer may have two."""
    invoice_id = await a_part_by_debit(world, reopening)

    await comes_back(world, reopening, invoice_id)

    row = ledger.case(invoice_id)
    assert row
    assert row.reopened_as
    bill, case = world.stripe.get(row.reopened_as), await case_of(client, row.reopened_as)
    assert ("open", 800, usd(800)) == (bill["status"], bill["amount_remaining"], case.due)
    assert ("open", False) == (row.status, row.owed_again)


async def test_a_part_that_comes_back_after_the_write_off_is_owed_again(
    world: ProviderWorld, reopening: Intake, ledger: SqlLedger
) -> None:
    """Nobody is billed who was given up, and what the case was given up with is the whole debt."""
    invoice_id = await a_part_by_debit(world, reopening)
    end = Projection(
        status=CaseStatus.CLOSED, stage="final", remaining=usd(1200), why="over", outcome=Outcome.WRITTEN_OFF
    )
    ledger.decided(invoice_id, OPENED_AT, [], end, "{}")

    await comes_back(world, reopening, invoice_id)

    row = ledger.case(invoice_id)
    assert row
    assert (usd(2000), True, None) == (row.remaining, row.owed_again, row.reopened_as)


async def test_our_debit_that_comes_back_is_paid_no_more_in_the_ledger(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, settings: Settings
) -> None:
    """The rows follow the money to its end, and the account's next debit knows what its last one came to."""
    owner = world.stripe.add_customer(country="US")
    world.stripe.add_bank_debit(owner, behaviour=(Decline("insufficient_funds"), PROCESSING))
    invoice_id = world.stripe.fail_first_payment(owner, amount=2000, currency="usd")
    await intake.take_event(failed(world, invoice_id))
    charged(world, ledger, settings, invoice_id)
    world.stripe.finish_processing(invoice_id, APPROVE)
    await intake.take_event(world.stripe.last_event("invoice.paid", invoice_id))
    assert ChargeOutcome.PAID is outcome_of(ledger, invoice_id)

    await comes_back(world, intake, invoice_id)
    await intake.take_event(world.stripe.last_event("invoice_payment.paid"))

    [row] = [row for row in ledger.attempts_of(invoice_id) if row.attempt == 1]
    assert (ChargeOutcome.DECLINED, "insufficient_funds") == (row.outcome, row.decline and row.decline.code)
    assert {"processing", "paid", "taken back"} == {
        line.what for line in ledger.record(invoice_id) if line.step == row.step
    }
    next_one = NextCharge(
        invoice_id="in_next", amount=usd(2000), at=row.as_of, network=row.network, fingerprint=row.fingerprint
    )
    assert [True, True] == [
        use.failed for use in ledger.uses_of(next_one, wiring.network_rules(settings).window(next_one))
    ]


async def test_our_charge_that_a_dispute_took_is_paid_no_more_in_the_ledger(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, settings: Settings
) -> None:
    """The card's network approved it all the same: it does not count as a decline."""
    invoice_id, customer = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.add_card(customer)
    charged(world, ledger, settings, invoice_id)

    dispute = world.stripe.open_dispute(invoice_id)
    world.stripe.close_dispute(dispute, won=False)
    await intake.take_event(world.stripe.last_event("charge.dispute.closed", dispute))

    assert ChargeOutcome.TAKEN_BACK is outcome_of(ledger, invoice_id)


async def test_the_charge_that_paid_is_taken_back_and_none_that_was_declined_before(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, settings: Settings
) -> None:
    """All charges of an invoice share one payment at Stripe, by which the dispute names them."""
    invoice_id, customer = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    charged(world, ledger, settings, invoice_id)
    world.stripe.add_card(customer)
    charged(world, ledger, settings, invoice_id, number=2)

    dispute = world.stripe.open_dispute(invoice_id)
    world.stripe.close_dispute(dispute, won=False)
    await intake.take_event(world.stripe.last_event("charge.dispute.closed", dispute))

    ours = {row.attempt: row for row in ledger.attempts_of(invoice_id) if row.attempt}
    assert ours[1].provider_id == ours[2].provider_id
    assert (ChargeOutcome.DECLINED, ChargeOutcome.TAKEN_BACK) == (ours[1].outcome, ours[2].outcome)


async def test_r22_late_news_of_what_the_customer_tried_before_is_not_the_answer_to_our_debit(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, settings: Settings, client: Client
) -> None:
    """The webhook of a failure comes a day late; our own debit, made in between, is on its way and pays."""
    owner = world.stripe.add_customer(country="US")
    answers = (Decline("insufficient_funds"), Decline("debit_not_authorized"), PROCESSING)
    world.stripe.add_bank_debit(owner, behaviour=answers)
    invoice_id = world.stripe.fail_first_payment(owner, amount=2000, currency="usd")
    await intake.take_event(failed(world, invoice_id))
    before = ledger.attempts_of(invoice_id)[0].as_of + timedelta(days=2)
    world.journal.clock = lambda: before
    world.stripe.customer_tries(invoice_id)
    late = world.stripe.last_event("invoice.payment_failed", invoice_id)
    charged(world, ledger, settings, invoice_id)

    await intake.take_event(late)

    assert ChargeOutcome.PROCESSING is outcome_of(ledger, invoice_id)
    [(_, fact)] = await signals(client, invoice_id)
    assert "customer" == fact["attempt"]["kind"]
    world.stripe.finish_processing(invoice_id, APPROVE)
    await intake.take_event(world.stripe.last_event("invoice.paid", invoice_id))
    assert ChargeOutcome.PAID is outcome_of(ledger, invoice_id)


def charged(world: ProviderWorld, ledger: SqlLedger, settings: Settings, invoice_id: str, number: int = 1) -> None:
    """A charge of ours, days after what was tried before, with Stripe's answer in the ledger."""
    at = ledger.attempts_of(invoice_id)[0].as_of + timedelta(days=5 * number)
    world.journal.clock = lambda: at
    payments = wiring.stripe_payments(settings)
    invoice = payments.read_invoice(invoice_id)
    method = invoice.payment_method
    assert method
    ours = an_attempt(invoice_id, charge_key(invoice_id, number)).model_copy(
        update={
            "attempt": number,
            "step": f"charge-{number}",
            "amount": usd(2000),
            "network": method.network,
            "fingerprint": method.fingerprint,
            "as_of": at,
            "started_at": at,
        }
    )
    assert ours == ledger.begin_attempt(ours, wiring.network_rules(settings))
    sent = payments.pay(invoice, ours.key)
    entry = Entry(at=ours.as_of, step=ours.step, what=sent.outcome.value, why="")
    ledger.finish_attempt(invoice_id, number, sent.outcome, sent.provider_id, None, entry)


def outcome_of(ledger: SqlLedger, invoice_id: str) -> ChargeOutcome | None:
    return next(row.outcome for row in ledger.attempts_of(invoice_id) if row.attempt == 1)


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


@pytest.mark.parametrize("returned", [True, False], ids=["debit", "dispute"])
async def test_what_was_taken_back_of_an_invoice_that_never_failed_was_ignored(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, returned: bool
) -> None:
    """R14: it was paid at the first try. Nobody is dunned; what an operator reads names amount and reason."""
    invoice_id, _ = a_failed_invoice(world)
    world.stripe.customer_debits(invoice_id)
    world.stripe.finish_processing(invoice_id, APPROVE)
    if returned:
        world.stripe.return_debit(invoice_id)
    else:
        world.stripe.close_dispute(world.stripe.open_dispute(invoice_id), won=False)

    receipt = await intake.receive(intake.read_event(world.stripe.last_event("charge.dispute.closed")))

    assert Taken.TAKEN_BACK is receipt.taken
    how = "the bank returned the debit" if returned else "the dispute was decided for the customer"
    assert receipt.note.startswith(f"20.00 USD of {invoice_id} taken back: {how}; it is paid in Stripe and has no case")
    assert ledger.case(invoice_id) is None


async def test_a_returned_debit_of_an_invoice_that_is_open_is_a_failure_like_any_other(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """R14: a part was paid and came back, and no failure of the rest was told."""
    invoice_id, _ = a_failed_invoice(world)
    world.stripe.customer_debits(invoice_id, 800)
    world.stripe.finish_processing(invoice_id, APPROVE)
    world.stripe.return_debit(invoice_id)

    taken = await intake.take_event(world.stripe.last_event("charge.dispute.closed"))

    case = ledger.case(invoice_id)
    assert Taken.OPENED is taken
    assert case
    assert ("insufficient_funds", usd(1200)) == (case.decline_code, case.remaining)
