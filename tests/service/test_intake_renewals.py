"""What becomes of an announced renewal: its notices are planned once, or it is said why nothing follows."""

from datetime import timedelta

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from domain.ids import renewal_id
from gateways.ledger.sql_ledger import SqlLedger
from gateways.provider_facts import Ignored, RenewalComing
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from service.opening import Taken
from tests.cases import BROKE, a_failed_invoice, failed
from tests.renewals import a_renewal, announced


async def test_a_card_that_expires_before_the_charge_is_told_of_once(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """The same event twice, and a second event of the same renewal: one workflow."""
    subscription, customer, _ = a_renewal(world, email="ada@example.com")
    event = announced(world, subscription)
    fact = intake.read_event(event)
    assert isinstance(fact, RenewalComing)

    first = await intake.receive(fact)
    again = await intake.receive(fact)
    second = await intake.receive(intake.read_event(announced(world, subscription)))

    assert (Taken.NOTICE, Taken.EXISTS, Taken.EXISTS) == (first.taken, again.taken, second.taken)
    assert first.note.startswith("the card expires, before the renewal on ")
    assert "the notices of this renewal are planned already" == second.note
    assert await client.get_workflow_handle(renewal_id(subscription, fact.renews_at)).describe()
    known = ledger.customer(customer)
    assert known is not None
    assert "ada@example.com" == known.email


@pytest.mark.parametrize(
    ("happened", "note"),
    [
        ("card replaced", "the card is good until 12/2034"),
        ("network's updater", "the card is good until 12/2034"),
        ("canceled", "the subscription will not renew"),
        ("canceled for later", "the subscription will not renew"),
        ("collection paused", "its collection is paused"),
        ("over", "the renewal is over"),
        ("case open", "the customer has a case open: that is the conversation"),
    ],
)
async def test_why_nothing_follows(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, happened: str, note: str
) -> None:
    """Of a customer to whom nothing is said, nothing is kept either."""
    renews_in = timedelta(hours=-1) if happened == "over" else timedelta(days=3)
    subscription, customer, card = a_renewal(world, renews_in=renews_in)
    stripe = world.stripe
    match happened:
        case "card replaced":
            stripe.add_card(customer)
        case "network's updater":
            stripe.update_card(card, exp_month=12, exp_year=2034)
        case "collection paused":
            stripe.store.objects[subscription]["pause_collection"] = {"behavior": "void", "resumes_at": None}
        case "case open":
            invoice = stripe.fail_first_payment(customer, amount=500, outcome=BROKE)
            await intake.take_event(failed(world, invoice))
    event = announced(world, subscription)
    if happened == "canceled":
        stripe.cancel_subscription(subscription)
    if happened == "canceled for later":
        stripe.cancel_at_period_end(subscription)

    fact = intake.read_event(event)
    receipt = await intake.receive(fact)

    assert Taken.IGNORED is receipt.taken
    assert receipt.note.startswith(note)
    assert isinstance(fact, RenewalComing)
    with pytest.raises(RPCError):
        await client.get_workflow_handle(renewal_id(subscription, fact.renews_at)).describe()
    assert (ledger.customer(customer) is None) is (happened != "case open")


async def test_an_upcoming_invoice_that_will_be_sent_says_nothing(world: ProviderWorld, intake: Intake) -> None:
    customer = world.stripe.add_customer()
    subscription = world.stripe.add_subscription(customer, amount=1999, currency="usd", days_until_due=30)

    fact = intake.read_event(announced(world, subscription))

    assert isinstance(fact, Ignored)
    assert "the invoice will be sent to be paid by a date" == fact.reason


async def test_a_renewal_without_an_id_of_its_invoice_is_of_no_invoice(world: ProviderWorld, intake: Intake) -> None:
    """Nor is one whose invoice has an id that nobody can ask for."""
    subscription, _, _ = a_renewal(world)
    event = announced(world, subscription)
    named = {**event, "data": {"object": {**event["data"]["object"], "id": "upcoming_in_1"}}}

    assert "id" not in event["data"]["object"]
    assert [None, None] == [intake.read_event(each).invoice_id for each in (event, named)]


def test_a_failed_invoice_is_still_a_failure(world: ProviderWorld, intake: Intake) -> None:
    """The renewal that was announced failed all the same: its own event says so."""
    invoice, _ = a_failed_invoice(world)

    assert invoice == intake.read_event(failed(world, invoice)).invoice_id
