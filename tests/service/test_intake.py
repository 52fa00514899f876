"""Cases begin through events: once per invoice, whatever comes twice, late or half."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.decisions import DecisionActivities, DecisionTask
from domain.case import NO_PAYMENT_METHOD, CaseStatus, Outcome
from domain.ids import workflow_id
from domain.money import Money
from domain.projection import Projection
from domain.steps import AttemptKind, Channel
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.messages import Address
from gateways.provider_facts import MalformedEvent
from runtime import wiring
from runtime.settings import Settings
from sandbox.providers.stripe_outcomes import AUTHENTICATION_REQUIRED
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from service.opening import Taken
from tests.cases import (
    OPENED_AT,
    a_closure,
    a_failed_invoice,
    case_of,
    failed,
    half_open,
    runs,
    signals,
)
from tests.gateways.stripe_cases import watched
from workflows import attributes


async def test_a_failed_payment_opens_a_case(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """The event becomes a row of the ledger and a running workflow, both with the decline and its class."""
    invoice_id, customer_id = a_failed_invoice(world)

    taken = await intake.take_event(failed(world, invoice_id))

    described = await client.get_workflow_handle(workflow_id(invoice_id)).describe()
    known = described.typed_search_attributes
    row = ledger.case(invoice_id)
    assert Taken.OPENED == taken
    assert row is not None
    assert ("open", "insufficient_funds", "retry_later") == (row.status, row.decline_code, row.decline_class)
    assert Money(amount=2000, currency="USD") == row.remaining
    assert "20.00 USD, insufficient funds" == await described.static_summary()
    assert ["case opened"] == [line.what for line in ledger.record(invoice_id)]
    assert (customer_id, 2000, "retry_later") == (
        known.get(attributes.BY_NAME["customer"]),
        known.get(attributes.BY_NAME["amount"]),
        known.get(attributes.BY_NAME["decline_class"]),
    )
    assert known.get(attributes.NEXT_STEP_AT) is not None


async def test_opening_a_case_reads_no_more_than_it_needs(world: ProviderWorld, intake: Intake) -> None:
    """The invoice, which brings its customer, and the charge, which alone shows the network's codes."""
    invoice_id, _ = a_failed_invoice(world)
    event = failed(world, invoice_id)

    with watched(world) as requests:
        await intake.take_event(event)

    assert [f"GET /v1/invoices/{invoice_id}", "GET /v1/charges"] == [requests[0], requests[1].rpartition("/")[0]]
    assert 2 == len(requests)


async def test_the_case_has_no_time_limit(world: ProviderWorld, intake: Intake, client: Client) -> None:
    """A case may wait for months, and skipped time must not run into a limit."""
    invoice_id, _ = a_failed_invoice(world)

    await intake.take_event(failed(world, invoice_id))

    history = await client.get_workflow_handle(workflow_id(invoice_id)).fetch_history()
    started = history.events[0].workflow_execution_started_event_attributes
    assert (0, 0) == (
        started.workflow_execution_timeout.ToTimedelta().total_seconds(),
        started.workflow_run_timeout.ToTimedelta().total_seconds(),
    )


async def test_the_same_event_twice_is_one_case(world: ProviderWorld, intake: Intake, client: Client) -> None:
    """Stripe repeats what it is not sure to have delivered."""
    invoice_id, _ = a_failed_invoice(world)
    event = failed(world, invoice_id)

    taken = [await intake.take_event(event), await intake.take_event(event)]

    assert [Taken.OPENED, Taken.EXISTS] == taken
    assert 1 == await runs(client, invoice_id)
    assert [] == await signals(client, invoice_id)


async def test_two_events_for_one_invoice_are_one_case(world: ProviderWorld, intake: Intake, client: Client) -> None:
    """A charge that needs the customer's confirmation makes two events at once, in any order."""
    invoice_id, _ = a_failed_invoice(world, answer=AUTHENTICATION_REQUIRED)
    asked = world.stripe.last_event("invoice.payment_action_required", invoice_id)

    taken = [await intake.take_event(asked), await intake.take_event(failed(world, invoice_id))]

    assert [Taken.OPENED, Taken.EXISTS] == taken
    assert [] == await signals(client, invoice_id)
    assert "authenticate" == (await case_of(client, invoice_id)).decline_class


async def test_simultaneous_duplicates_are_one_case(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """Several web processes may get the same event in the same moment."""
    invoice_id, _ = a_failed_invoice(world)
    event = failed(world, invoice_id)

    taken = await asyncio.gather(*(intake.take_event({**event, "id": f"evt_twin_{n}"}) for n in range(6)))

    assert [Taken.EXISTS] * 5 + [Taken.OPENED] == sorted(taken)
    assert 1 == await runs(client, invoice_id)
    assert ["open"] == [case.status for case in ledger.cases().rows]


@pytest.mark.parametrize("ending", ["paid", "void"])
async def test_an_invoice_that_is_no_longer_open_opens_no_case(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, ending: str
) -> None:
    """The event is history by then: the invoice is read, not believed."""
    invoice_id, _ = a_failed_invoice(world)
    event = failed(world, invoice_id)
    if ending == "paid":
        world.stripe.customer_pays(invoice_id)
    else:
        world.stripe.void(invoice_id)

    assert Taken.PAID == await intake.take_event(event)
    assert ledger.case(invoice_id) is None


async def test_a_crash_before_the_workflow_is_mended(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """The row stands, the workflow does not: the same event starts it, with the row's day 0."""
    invoice_id, customer_id = a_failed_invoice(world)
    half_open(ledger, invoice_id, customer_id)

    taken = await intake.take_event(failed(world, invoice_id))

    row = ledger.case(invoice_id)
    assert Taken.OPENED == taken
    assert row is not None
    assert "open" == row.status
    assert OPENED_AT == (await case_of(client, invoice_id)).facts.opened_at


async def test_a_crash_after_the_workflow_is_mended(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """The workflow runs, the row does not say so: the next event says it."""
    invoice_id, customer_id = a_failed_invoice(world)
    half_open(ledger, invoice_id, customer_id, datetime.now(UTC))
    await client.start_workflow("DunningWorkflow", id=workflow_id(invoice_id), task_queue="nobody")

    taken = await intake.take_event(failed(world, invoice_id))

    row = ledger.case(invoice_id)
    assert Taken.EXISTS == taken
    assert row is not None
    assert "open" == row.status
    assert 1 == await runs(client, invoice_id)


async def test_a_payment_mends_a_half_opened_case_and_reaches_it(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """The invoice was paid before the case's workflow began: it begins, hears of it, and can end."""
    invoice_id, customer_id = a_failed_invoice(world)
    half_open(ledger, invoice_id, customer_id)
    world.stripe.customer_pays(invoice_id)

    taken = await intake.take_event(world.stripe.last_event("invoice.paid", invoice_id))

    assert Taken.PASSED_ON == taken
    assert ["payment_received"] == [name for name, _ in await signals(client, invoice_id)]


async def test_a_closed_case_is_not_opened_again(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """Temporal forgets a closed workflow after its retention; the ledger's row does not."""
    invoice_id, customer_id = a_failed_invoice(world)
    half_open(ledger, invoice_id, customer_id)
    due = Money(amount=2000, currency="USD")
    given_up = Projection(status=CaseStatus.CLOSED, stage="silent", remaining=due, outcome=Outcome.WRITTEN_OFF)
    ledger.decided(invoice_id, OPENED_AT, [], given_up, "{}")

    taken = await intake.take_event(failed(world, invoice_id))

    assert Taken.EXISTS == taken
    assert 0 == await runs(client, invoice_id)


async def test_an_event_of_an_account_before_basil_opens_the_same_case(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    """An endpoint keeps the API version that it was made with."""
    invoice_id, _ = a_failed_invoice(world)
    old = world.stripe.webhooks.in_old_shape(failed(world, invoice_id))

    assert Taken.OPENED == await intake.take_event(old)
    assert "insufficient_funds" == (await case_of(client, invoice_id)).decline.code  # type: ignore[union-attr]


async def test_an_event_that_is_none_is_refused(intake: Intake, ledger: SqlLedger) -> None:
    """It says what is missing, and leaves nothing behind."""
    with pytest.raises(MalformedEvent, match="'created'"):
        await intake.take_event({"id": "evt_1", "type": "invoice.payment_failed", "data": {"object": {}}})

    assert not ledger.event_known("stripe", "evt_1")


async def test_events_of_other_kinds_are_ignored(world: ProviderWorld, intake: Intake, ledger: SqlLedger) -> None:
    """An endpoint may get everything that happens in the account."""
    world.stripe.add_customer()

    assert Taken.IGNORED == await intake.take_event(world.stripe.last_event("customer.created"))
    assert () == ledger.cases().rows


async def test_without_a_time_zone_every_zone_of_the_country_counts(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    """The strictest of the possible zones decides about contacts; the most populous comes first."""
    invoice_id, _ = a_failed_invoice(world, country="US")

    await intake.take_event(failed(world, invoice_id))

    zones = (await case_of(client, invoice_id)).facts.time_zones
    assert "America/New_York" == zones[0]
    assert {"America/Chicago", "America/Phoenix", "America/Los_Angeles", "Pacific/Honolulu"} <= set(zones)
    assert "America/Detroit" not in zones  # the same clock as New York


async def test_the_customers_facts_are_pinned(world: ProviderWorld, intake: Intake, client: Client) -> None:
    """Country, zone and segment come from Stripe."""
    about = {"time_zone": "Asia/Bangkok", "segment": "small"}
    invoice_id, _ = a_failed_invoice(world, country="TH", locales=["th", "en"], metadata=about)
    event = {**failed(world, invoice_id), "created": int(datetime.now(UTC).timestamp())}

    await intake.take_event(event)

    facts = (await case_of(client, invoice_id)).facts
    assert ("TH", ("Asia/Bangkok",), "small") == (facts.country, facts.time_zones, facts.segment)


async def test_no_personal_data_reaches_temporal(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """Names and addresses stay in the ledger, where the activities read them."""
    invoice_id, customer_id = a_failed_invoice(
        world, name="Canary Quill", email="canary.quill@example.com", phone="(415) 555-2671", country="US"
    )

    await intake.take_event(failed(world, invoice_id))

    handle = client.get_workflow_handle(workflow_id(invoice_id))
    raw = b"".join(event.SerializeToString() for event in (await handle.fetch_history()).events)
    raw += (await handle.describe()).raw_description.SerializeToString()
    # Random ids may hold any three digits: it is the number that is looked for, however it is written.
    words = (b"anary", b"uill", rb"example\.com", rb"555\D{0,2}2671")
    assert [] == [word for word in words if re.search(word, raw)]
    assert Address(
        customer_id=customer_id,
        name="Canary Quill",
        email="canary.quill@example.com",
        phone="+14155552671",
    ) == ledger.address(customer_id)


async def test_the_events_invoice_knows_a_customer_that_was_deleted(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """Stripe then shows nothing but the id; the invoice still has name and address of the day it was made."""
    invoice_id, customer_id = a_failed_invoice(world, name="Grace", email="grace@example.com", country="DE")
    with world.lock:
        world.stripe.store.objects[customer_id].update(name=None, email=None, address=None)

    await intake.take_event(failed(world, invoice_id))

    assert ("Grace", "grace@example.com") == (ledger.address(customer_id).name, ledger.address(customer_id).email)


async def test_an_invoice_without_payment_method_was_never_tried(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    """No message may say that a payment failed where none was tried."""
    owner = world.stripe.add_customer()
    invoice_id = world.stripe.add_invoice(owner, amount=2000)
    event = world.stripe.last_event("invoice.finalized", invoice_id) | {"type": "invoice.payment_failed"}

    assert Taken.OPENED == await intake.take_event(event)

    case = await case_of(client, invoice_id)
    assert case.decline is not None
    assert (NO_PAYMENT_METHOD, False) == (case.decline.code, case.tried)
    assert case.awaits_customer


async def test_the_first_failure_counts_on_the_cards_budget(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """The network counted the charge that Stripe made before the case began."""
    invoice_id, _ = a_failed_invoice(world)

    await intake.take_event(failed(world, invoice_id))

    [attempt] = ledger.attempts_of(invoice_id)
    assert (0, AttemptKind.OTHER_ENGINE, "fp_first", "visa") == (
        attempt.attempt,
        attempt.kind,
        attempt.fingerprint,
        attempt.network,
    )


async def test_a_customer_who_opted_out_before_is_not_written_to(
    world: ProviderWorld, intake: Intake, settings: Settings, ledger: SqlLedger, client: Client
) -> None:
    """An opt-out outlives the case in which it was given."""
    invoice_id, customer_id = a_failed_invoice(world)
    ledger.close_channel(a_closure(customer_id, Channel.SMS, "opted out", "sms_stop_1", OPENED_AT))

    await intake.take_event(failed(world, invoice_id))

    decide = DecisionActivities(ledger, wiring.situations(settings, ledger)).decide
    task = DecisionTask(case=await case_of(client, invoice_id), at=datetime.now(UTC))
    assert "opted out" == ActivityEnvironment().run(decide, task).closed_channels[Channel.SMS]


async def test_a_failure_long_ago_starts_the_timeline_today(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    """The dates of a month-old failure are history; those of a late event are not."""
    old, _ = a_failed_invoice(world)
    late, _ = a_failed_invoice(world)
    now = datetime.now(UTC)
    month_ago, yesterday = now - timedelta(days=30), now - timedelta(days=1)

    await intake.take_event({**failed(world, old), "created": int(month_ago.timestamp())})
    await intake.take_event({**failed(world, late), "created": int(yesterday.timestamp())})

    assert timedelta(minutes=5) > (await case_of(client, old)).facts.opened_at - now
    assert now <= (await case_of(client, old)).facts.opened_at
    assert yesterday.replace(microsecond=0) == (await case_of(client, late)).facts.opened_at
