"""What happens at Stripe reaches the running case: once, and only what it needs to know."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from domain.case import CaseStatus
from domain.declines import DeclineTable
from domain.ids import charge_key
from domain.money import Money
from domain.projection import Projection
from domain.record import Entry
from domain.steps import AttemptKind
from gateways.ledger.sql_ledger import SqlLedger
from gateways.policy_files import PolicyStore
from runtime import wiring
from runtime.settings import Settings
from runtime.temporal import dunning_plugin
from sandbox.machine.ports import free_ports
from sandbox.providers.stripe_outcomes import APPROVE, PROCESSING, Decline
from sandbox.providers.stripe_store import Cause
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from service.opening import Taken
from tests.cases import OPENED_AT, a_failed_invoice, an_attempt, case_of, fail_again, failed, signals
from tests.gateways.stripe_cases import watched


async def test_our_own_failed_charge_is_not_taken_for_the_customers(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, settings: Settings
) -> None:
    """Stripe sends the same event for our charges; their idempotency key tells them apart."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    payments = wiring.stripe_payments(settings)
    payments.pay(payments.read_invoice(invoice_id), charge_key(invoice_id, 1))
    ours = failed(world, invoice_id)

    taken = await intake.take_event({**ours, "created": ours["created"] + 86_400})

    assert Taken.EXISTS == taken
    assert 1 == len(ledger.attempts_of(invoice_id))
    assert [] == await signals(client, invoice_id)


async def test_the_customers_own_failed_charge_is_reported(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """It counts for the card's network, not for the policy's budget."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))

    taken = await intake.take_event(fail_again(world, invoice_id, Cause(origin="customer"), timedelta(days=2)))

    [(name, fact)] = await signals(client, invoice_id)
    assert Taken.PASSED_ON == taken
    assert ("invoice_changed", "customer") == (name, fact["attempt"]["kind"])
    assert [AttemptKind.OTHER_ENGINE, AttemptKind.CUSTOMER] == [row.kind for row in ledger.attempts_of(invoice_id)]


async def test_r19_stripes_own_retry_is_told_from_the_customers_try(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """Neither has a request: Stripe counts its own. Another program's has a key of its own."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))

    for n, cause in enumerate((Cause(), Cause(origin="customer"), Cause("req_1", "other:1", origin="engine"), Cause())):
        await intake.take_event(fail_again(world, invoice_id, cause, timedelta(days=2 + n)))

    kinds = ["other_engine", "customer", "other_engine", "other_engine"]
    assert kinds == [fact["attempt"]["kind"] for _, fact in await signals(client, invoice_id)]
    assert ["other_engine", *kinds] == [row.kind.value for row in ledger.attempts_of(invoice_id)]


async def test_r19_with_automations_the_next_try_comes_with_the_update(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    """Failure 20 of others: the failure's own event does not know it. An older plan that comes later is not taken."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    plans = []
    for day in (2, 3):
        world.stripe.plan_retry(invoice_id, datetime(2030, 1, day, 9, tzinfo=UTC))
        plans.append(world.stripe.last_event("invoice.updated", invoice_id))

    for event in reversed(plans):
        await intake.take_event(event)

    told = [fact["tries"] for _, fact in await signals(client, invoice_id)]
    assert [{"made": 0, "next_at": "2030-01-03T09:00:00Z"}] * 2 == told


@pytest.mark.parametrize("segment", ["any", "stripe-retries"])
async def test_r19_a_case_opens_with_the_owner_that_its_policy_names(
    world: ProviderWorld, intake: Intake, client: Client, segment: str
) -> None:
    """And with Stripe's plan, which stands in its record."""
    invoice_id, _ = a_failed_invoice(world, metadata={"segment": segment})
    world.stripe.plan_retry(invoice_id, datetime(2030, 1, 2, 9, tzinfo=UTC))
    await intake.take_event(failed(world, invoice_id))

    case = await case_of(client, invoice_id)

    assert ("ours" if segment == "any" else "stripe") == case.retry_owner
    assert datetime(2030, 1, 2, 9, tzinfo=UTC) == case.invoice.next_try_at
    assert "Stripe's own try is planned for 2030-01-02 09:00 UTC" == case.record[-1].what
    assert (segment == "any") == ("Revenue recovery > Retries" in case.record[-1].why)


async def test_a_payment_is_passed_on_once(world: ProviderWorld, intake: Intake, client: Client) -> None:
    """A repeated event costs the case nothing."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.customer_pays(invoice_id)
    paid = world.stripe.last_event("invoice.paid", invoice_id)

    taken = [await intake.take_event(paid), await intake.take_event(paid)]

    [(name, fact)] = await signals(client, invoice_id)
    assert [Taken.PASSED_ON, Taken.EXISTS] == taken
    assert ("payment_received", 0) == (name, fact["remaining"]["amount"])


async def test_a_part_payment_tells_what_remains(world: ProviderWorld, intake: Intake, client: Client) -> None:
    """Two events tell of one part payment; with what remains in both, neither is subtracted twice."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.customer_pays(invoice_id, 500)

    await intake.take_event(world.stripe.last_event("invoice.updated", invoice_id))
    await intake.take_event(world.stripe.last_event("invoice_payment.paid"))

    told = await signals(client, invoice_id)
    assert [("invoice_changed", 1500), ("payment_received", 1500)] == [(n, f["remaining"]["amount"]) for n, f in told]


async def test_r64_a_part_that_was_on_its_way_arrived_and_the_case_stood_still_for_two_weeks(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """No event of the invoice says that nothing is on its way any more: with the payment it is read."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.customer_debits(invoice_id, 800)
    await intake.take_event(world.stripe.last_event("payment_intent.processing"))
    case, due = await case_of(client, invoice_id), Money(amount=2000, currency="USD")
    held = Projection(status=CaseStatus.ON_HOLD, stage="friendly", remaining=due, why="a payment is on its way")
    ledger.decided(invoice_id, case.facts.opened_at, [], held, case.model_dump_json())

    world.stripe.finish_processing(invoice_id, APPROVE)
    await intake.take_event(world.stripe.last_event("invoice_payment.paid"))

    told = [(name, fact.get("paying")) for name, fact in await signals(client, invoice_id)]
    assert [("invoice_changed", True), ("payment_received", None), ("invoice_changed", False)] == told


async def test_a_credit_note_and_a_void_are_passed_on(world: ProviderWorld, intake: Intake, client: Client) -> None:
    """Less is due, and then nothing."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.credit(invoice_id, 700)
    await intake.take_event(world.stripe.last_event("credit_note.created"))
    world.stripe.void(invoice_id)
    await intake.take_event(world.stripe.last_event("invoice.voided", invoice_id))

    told = [(fact["state"], fact["remaining"]["amount"]) for _, fact in await signals(client, invoice_id)]
    assert ("open", 1300) == told[0]
    assert "void" == told[1][0]


async def test_r63_a_credit_note_that_was_voided_said_nothing_until_the_next_step(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    """More is due again, and the case is told so at once: what was read, not what an older event may show."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    note = world.stripe.credit(invoice_id, 700)
    await intake.take_event(world.stripe.last_event("credit_note.created"))
    older = world.stripe.last_event("invoice.updated", invoice_id)
    world.stripe.void_credit(note)
    await intake.take_event(world.stripe.last_event("credit_note.voided"))
    await intake.take_event(older)

    told = [(fact["remaining"]["amount"], fact.get("read_now")) for _, fact in await signals(client, invoice_id)]
    assert [(1300, True), (2000, True), (1300, False)] == told


async def test_an_update_that_changes_no_money_is_not_passed_on(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    """Stripe updates an invoice at every attempt: the history would fill with nothing."""
    invoice_id, _ = a_failed_invoice(world)
    event = failed(world, invoice_id)
    await intake.take_event(event)
    update = {
        **event,
        "id": "evt_counted",
        "type": "invoice.updated",
        "data": {**event["data"], "previous_attributes": {"attempt_count": 0}},
    }

    assert Taken.IGNORED == await intake.take_event(update)
    assert [] == await signals(client, invoice_id)


async def test_a_new_default_card_is_tried_once(world: ProviderWorld, intake: Intake, client: Client) -> None:
    """It comes as two events: the card was attached, and made the default."""
    invoice_id, customer_id = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    card = world.stripe.add_card(customer_id, behaviour=APPROVE)

    await intake.take_event(world.stripe.last_event("payment_method.attached", card))
    await intake.take_event(world.stripe.last_event("customer.updated", customer_id))

    told = await signals(client, invoice_id)
    assert {"payment_method_changed"} == {name for name, _ in told}
    assert 1 == len({fact["event_id"] for _, fact in told})  # the case applies an event once


async def test_a_card_that_is_not_charged_is_no_news(world: ProviderWorld, intake: Intake, client: Client) -> None:
    """A card beside the default would not be charged: trying again would only try the old one."""
    invoice_id, customer_id = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    card = world.stripe.add_card(customer_id, default=False)

    assert Taken.IGNORED == await intake.take_event(world.stripe.last_event("payment_method.attached", card))
    assert [] == await signals(client, invoice_id)


async def test_a_default_that_was_only_taken_away_is_no_news(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    """Nothing new could be charged."""
    invoice_id, customer_id = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    changed = world.stripe.last_event("customer.updated", customer_id)
    settings = {**changed["data"]["object"]["invoice_settings"], "default_payment_method": None}
    changed["data"]["object"]["invoice_settings"] = settings

    assert Taken.IGNORED == await intake.take_event({**changed, "id": "evt_taken_away"})
    assert [] == await signals(client, invoice_id)


async def test_a_cards_new_label_is_no_news(world: ProviderWorld, intake: Intake, client: Client) -> None:
    """The merchant's own notes on a payment method change no bank's mind."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    card = world.stripe.store.of_kind("payment_method")[0]
    event = world.stripe.last_event("payment_method.attached", card["id"])
    labelled = {"object": card, "previous_attributes": {"metadata": {}}}

    taken = await intake.take_event({**event, "id": "evt_label", "type": "payment_method.updated", "data": labelled})

    assert Taken.IGNORED == taken
    assert [] == await signals(client, invoice_id)


async def test_the_invoices_own_new_card_is_passed_on(world: ProviderWorld, intake: Intake, client: Client) -> None:
    """An invoice's own payment method goes before the subscription's and the customer's."""
    invoice_id, customer_id = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    card = world.stripe.add_card(customer_id, default=False)
    with world.lock:
        invoice = world.stripe.store.objects[invoice_id]
        invoice["default_payment_method"] = card
        event = world.stripe.store.emit("invoice.updated", invoice, Cause(), {"default_payment_method": None})

    assert Taken.PASSED_ON == await intake.take_event(event)
    assert ["payment_method_changed"] == [name for name, _ in await signals(client, invoice_id)]


async def test_our_own_bank_debit_that_comes_back_is_told_to_the_case_alone(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, settings: Settings
) -> None:
    """It fails days later without a request of ours, and is not one more attempt."""
    owner = world.stripe.add_customer(country="DE")
    world.stripe.add_bank_debit(owner, behaviour=(Decline("insufficient_funds"), PROCESSING))
    invoice_id = world.stripe.fail_first_payment(owner, amount=2000, currency="eur")
    await intake.take_event(failed(world, invoice_id))
    payments = wiring.stripe_payments(settings)
    invoice = payments.read_invoice(invoice_id)
    ours = an_attempt(invoice_id, charge_key(invoice_id, 1))
    ledger.begin_attempt(ours, wiring.network_rules(settings))
    answer = payments.pay(invoice, ours.key)
    entry = Entry(at=OPENED_AT, step="d01-charge", what="processing", why="")
    ledger.finish_attempt(invoice_id, 1, answer.outcome, answer.provider_id, None, entry)
    world.stripe.finish_processing(invoice_id, Decline("insufficient_funds"))
    event = failed(world, invoice_id)

    await intake.take_event({**event, "created": event["created"] + 3 * 86_400})

    [(name, fact)] = await signals(client, invoice_id)
    assert ("invoice_changed", "declined") == (name, fact["attempt"]["outcome"])
    assert [0, 1] == sorted(row.attempt for row in ledger.attempts_of(invoice_id))


async def test_an_updated_card_is_passed_on(world: ProviderWorld, intake: Intake, client: Client) -> None:
    """The network's updater brought a new expiry date for the card that failed."""
    invoice_id, _ = a_failed_invoice(world, answer=Decline("expired_card"))
    await intake.take_event(failed(world, invoice_id))
    card = world.stripe.store.of_kind("payment_method")[0]["id"]
    world.stripe.update_card(card, exp_month=1, exp_year=2040)

    await intake.take_event(world.stripe.last_event("payment_method.automatically_updated", card))

    [(name, fact)] = await signals(client, invoice_id)
    assert ("payment_method_changed", "updated") == (name, fact["change"])


@pytest.mark.parametrize(("won", "outcome"), [(True, "won"), (False, "elsewhere")])
async def test_a_dispute_halts_all_cases_of_the_customer(
    world: ProviderWorld, intake: Intake, client: Client, won: bool, outcome: str
) -> None:
    """The dispute is over an earlier invoice: losing it does not forgive this one."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    dispute = world.stripe.open_dispute(invoice_id)
    await intake.take_event(world.stripe.last_event("charge.dispute.created", dispute))
    world.stripe.close_dispute(dispute, won=won)
    await intake.take_event(world.stripe.last_event("charge.dispute.closed", dispute))

    (opened, _), (closed, fact) = await signals(client, invoice_id)
    assert ("dispute_opened", "dispute_closed", outcome) == (opened, closed, fact["outcome"])


async def test_an_event_that_could_not_be_passed_on_may_come_again(
    world: ProviderWorld,
    intake: Intake,
    ledger: SqlLedger,
    client: Client,
    settings: Settings,
    policies: PolicyStore,
    declines: DeclineTable,
    clock: Callable[[], datetime],
) -> None:
    """While Temporal is away nothing counts as taken, so that Stripe's next delivery is not taken for a repeat."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.customer_pays(invoice_id)
    paid = world.stripe.last_event("invoice.paid", invoice_id)
    nowhere = await Client.connect(f"127.0.0.1:{free_ports(1)[0]}", lazy=True, plugins=[dunning_plugin()])
    cut_off = Intake(nowhere, "q", ledger, wiring.stripe_payments(settings), policies, declines, clock)

    with pytest.raises((RPCError, RuntimeError)):
        await cut_off.take_event(paid)

    assert Taken.PASSED_ON == await intake.take_event(paid)


async def test_a_card_that_is_taken_away_is_told_as_the_invoice_stands(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    """Its event names no invoice: each open case of the customer reads its own."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    [card] = world.stripe.store.of_kind("payment_method")
    world.stripe.detach(card["id"])

    await intake.take_event(world.stripe.last_event("payment_method.detached", card["id"]))

    [(name, said)] = await signals(client, invoice_id)
    assert ("invoice_changed", "") == (name, said["method"]["id"])


async def test_a_payment_of_a_customer_without_a_case_is_not_looked_up(world: ProviderWorld, intake: Intake) -> None:
    invoice_id, _ = a_failed_invoice(world)
    world.stripe.customer_debits(invoice_id)
    event = world.stripe.last_event("payment_intent.processing")

    with watched(world) as requests:
        assert Taken.IGNORED == await intake.take_event(event)

    assert [] == requests
