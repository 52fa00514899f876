"""What scripted customers do at Stripe, and how the account tells about it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import stripe

from sandbox.providers.journal import Json
from sandbox.providers.stripe_outcomes import APPROVE, Decline
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.receiver import Receiver
from tests.sandbox.providers.stripe_account import INSUFFICIENT_FUNDS, a_client


@pytest.fixture(scope="module")
def running() -> Iterator[ProviderWorld]:
    with ProviderWorld() as started:
        yield started


@pytest.fixture
def world(running: ProviderWorld) -> Iterator[ProviderWorld]:
    """One server for all tests of this file: each makes its own customers."""
    yield running
    running.stripe.webhooks.configure(None)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


def a_failed_invoice(world: ProviderWorld, amount: int = 1900) -> str:
    customer = world.stripe.add_customer()
    world.stripe.add_card(customer, behaviour=INSUFFICIENT_FUNDS)
    return world.stripe.fail_first_payment(customer, amount=amount)


def types_since(world: ProviderWorld, count: int) -> list[str]:
    return [event["type"] for event in world.stripe.events[count:]]


def test_a_failed_first_payment_leaves_stripes_own_event(world: ProviderWorld) -> None:
    """The event that opens a case has Stripe's shape: no payments, the subscription under `parent`."""
    invoice = a_failed_invoice(world)

    event = world.stripe.last_event("invoice.payment_failed", invoice)

    document = event["data"]["object"]
    assert ("event", "2026-10-28.endive") == (event["object"], event["api_version"])
    assert ("open", 1, 1900) == (document["status"], document["attempt_count"], document["amount_remaining"])
    assert document["parent"]["subscription_details"]["subscription"].startswith("sub_")
    assert "payments" not in document


def test_the_same_event_in_the_older_shape(world: ProviderWorld) -> None:
    """An account on an API version before basil gets the intent, the charge and the subscription at the top."""
    invoice = a_failed_invoice(world)

    old = world.stripe.webhooks.in_old_shape(world.stripe.last_event("invoice.payment_failed", invoice))

    document = old["data"]["object"]
    assert "parent" not in document
    assert (False, False) == (document["paid"], document["paid_out_of_band"])
    assert ("pi_", "ch_", "sub_") == (
        document["payment_intent"][:3],
        document["charge"][:3],
        document["subscription"][:4],
    )


def test_part_payments_lower_what_remains_until_nothing_does(world: ProviderWorld) -> None:
    """Each part is an invoice payment of its own; the last one pays the invoice."""
    invoice = a_failed_invoice(world)

    world.stripe.customer_pays(invoice, 900)
    part = world.stripe.get(invoice)
    world.stripe.customer_pays(invoice, 1000)

    assert ("open", 900, 1000) == (part["status"], part["amount_paid"], part["amount_remaining"])
    assert ("paid", 0) == tuple(world.stripe.get(invoice)[name] for name in ("status", "amount_remaining"))
    paid = [e.data["amount"] for e in world.log if e.kind == "charge.succeeded" and e.subjects["invoice"] == invoice]
    assert [900, 1000] == paid


def test_a_part_payment_leaves_the_rest_to_the_next_attempt(world: ProviderWorld) -> None:
    """Our own attempt charges only what remains."""
    invoice = a_failed_invoice(world)
    client = a_client(world)
    world.stripe.customer_pays(invoice, 900)
    world.stripe.set_behaviour(_default_card(world, invoice), APPROVE)

    client.v1.invoices.pay(invoice)

    charged = [e for e in world.log if e.kind == "charge.succeeded" and e.subjects["invoice"] == invoice]
    assert 1000 == charged[-1].data["amount"]


def _default_card(world: ProviderWorld, invoice: str) -> str:
    customer = world.stripe.get(world.stripe.get(invoice)["customer"])
    return str(customer["invoice_settings"]["default_payment_method"])


def test_nobody_can_pay_more_than_remains(world: ProviderWorld) -> None:
    """A script that would overpay is a mistake in the script."""
    invoice = a_failed_invoice(world)

    with pytest.raises(ValueError, match="between 1 and the 1900"):
        world.stripe.customer_pays(invoice, 1901)


def test_a_credit_note_lowers_what_is_due(world: ProviderWorld) -> None:
    """Part of it: less is due. All of it: the invoice is paid without a charge."""
    invoice = a_failed_invoice(world)

    world.stripe.credit(invoice, 400)
    part = world.stripe.get(invoice)
    world.stripe.credit(invoice, 1500)

    assert (1500, 1500) == (part["amount_due"], part["amount_remaining"])
    assert "paid" == world.stripe.get(invoice)["status"]
    assert not [e for e in world.log if e.kind == "charge.succeeded" and e.subjects["invoice"] == invoice]


def test_a_credit_note_that_is_voided_makes_more_due_again(world: ProviderWorld) -> None:
    """Only while the invoice is open."""
    invoice = a_failed_invoice(world)
    note = world.stripe.credit(invoice, 400)
    world.stripe.void_credit(note)
    shown = world.stripe.get(invoice)

    assert (1900, 1900, 0) == (
        shown["amount_due"],
        shown["amount_remaining"],
        shown["pre_payment_credit_notes_amount"],
    )
    assert "void" == world.stripe.last_event("credit_note.voided", note)["data"]["object"]["status"]
    settled = world.stripe.credit(invoice, 1900)
    with pytest.raises(ValueError, match="while its invoice is open"):
        world.stripe.void_credit(settled)


@pytest.mark.parametrize("won", [True, False])
def test_a_dispute_of_an_earlier_charge(world: ProviderWorld, won: bool) -> None:
    """A customer in dunning disputes last month's payment; the dispute names the charge, not the invoice."""
    invoice = a_failed_invoice(world)

    dispute = world.stripe.open_dispute(invoice)
    opened = world.stripe.last_event("charge.dispute.created", dispute)["data"]["object"]
    world.stripe.close_dispute(dispute, won=won)

    assert world.stripe.get(opened["charge"])["disputed"]
    assert world.stripe.get(invoice)["customer"] == world.stripe.get(opened["charge"])["customer"]
    closed = world.stripe.last_event("charge.dispute.closed", dispute)["data"]["object"]
    assert ("won" if won else "lost") == closed["status"]


def test_a_credit_note_over_everything_settles_the_invoice_without_money(world: ProviderWorld) -> None:
    """R63: the invoice is paid, its events say so, and nothing came in."""
    invoice = a_failed_invoice(world)
    world.stripe.credit(invoice, world.stripe.get(invoice)["amount_remaining"])

    shown = world.stripe.last_event("invoice.paid", invoice)["data"]["object"]
    assert ("paid", 0, 0) == (shown["status"], shown["amount_paid"], shown["amount_remaining"])


def test_a_dispute_of_a_part_payment_is_about_this_invoice(world: ProviderWorld) -> None:
    """When the invoice itself was charged, that charge is the disputed one."""
    invoice = a_failed_invoice(world)
    world.stripe.customer_pays(invoice, 900)

    world.stripe.open_dispute(invoice)

    assert invoice == world.log[-1].subjects["invoice"]


def test_a_new_card_is_announced(world: ProviderWorld) -> None:
    """Attached, and made the customer's default."""
    customer = world.stripe.add_customer()
    count = len(world.stripe.events)

    world.stripe.add_card(customer, brand="mastercard")

    assert ["payment_method.attached", "customer.updated"] == types_since(world, count)


def test_the_network_updates_a_card(world: ProviderWorld) -> None:
    """The updater's event carries the old values."""
    card = world.stripe.add_card(world.stripe.add_customer(), exp_month=1, exp_year=2026)

    world.stripe.update_card(card, exp_month=1, exp_year=2030)

    event = world.stripe.last_event("payment_method.automatically_updated", card)
    assert 2030 == event["data"]["object"]["card"]["exp_year"]
    assert 2026 == event["data"]["previous_attributes"]["card"]["exp_year"]


def test_voiding_and_paying_elsewhere(world: ProviderWorld) -> None:
    """Both end the invoice without money through Stripe."""
    void, elsewhere = a_failed_invoice(world), a_failed_invoice(world)

    world.stripe.void(void)
    world.stripe.pay_out_of_band(elsewhere)

    assert world.stripe.last_event("invoice.voided", void)
    assert world.stripe.last_event("invoice.paid", elsewhere)
    assert ["void", "paid"] == [world.stripe.get(i)["status"] for i in (void, elsewhere)]


def test_webhooks_are_signed_as_the_sdk_checks(world: ProviderWorld, receiver: Receiver) -> None:
    """The official verification accepts body and header, and refuses a changed body."""
    world.stripe.webhooks.configure(receiver.url, types=["invoice.payment_failed"])
    invoice = a_failed_invoice(world)
    assert world.outbox.flush()

    request = receiver.requests[0]
    header = request.headers["stripe-signature"]
    event = stripe.Webhook.construct_event(request.body, header, world.stripe.webhooks.secret)

    assert invoice == event.data.object["id"]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(request.body + b" ", header, world.stripe.webhooks.secret)


def test_webhooks_come_twice_late_and_in_reverse_order(world: ProviderWorld, receiver: Receiver) -> None:
    """Held ones go out when somebody sends them: as often, in whatever order and dated as they like."""
    world.stripe.webhooks.configure(receiver.url, types=["invoice.payment_failed", "invoice.paid"])
    world.outbox.hold()
    invoice = a_failed_invoice(world)
    world.stripe.customer_pays(invoice)
    before = len(receiver.requests)
    failed, paid = world.outbox.take()
    for delivery in (paid, failed.at(1_900_000_000), failed):
        world.outbox.send(delivery)
    assert world.outbox.flush()
    world.outbox.release()

    events: list[Json] = [json.loads(request.body) for request in receiver.requests]
    assert 0 == before
    assert ["invoice.paid", "invoice.payment_failed", "invoice.payment_failed"] == [event["type"] for event in events]
    assert events[1]["id"] == events[2]["id"]
    assert 1_900_000_000 == events[1]["created"] != events[2]["created"]
    header = receiver.requests[1].headers["stripe-signature"]
    assert stripe.Webhook.construct_event(receiver.requests[1].body, header, world.stripe.webhooks.secret)


def test_an_account_on_an_older_version_is_told_in_its_shape(world: ProviderWorld, receiver: Receiver) -> None:
    """The version of the account, not of the reader."""
    customer = world.stripe.add_customer()
    world.stripe.webhooks.configure(receiver.url, types=["invoice.payment_failed"])
    world.stripe.webhooks.older_shape.add(customer)
    world.stripe.add_card(customer, behaviour=Decline("insufficient_funds"))
    world.stripe.fail_first_payment(customer, amount=2_000)

    assert world.outbox.flush()
    event: Json = json.loads(receiver.requests[0].body)
    assert "2024-06-20" == event["api_version"]
    assert "parent" not in event["data"]["object"]


def test_our_own_payment_comes_back_as_a_webhook(world: ProviderWorld, receiver: Receiver) -> None:
    """What an API call causes is announced too, with the call's idempotency key."""
    invoice = a_failed_invoice(world)
    world.stripe.set_behaviour(_default_card(world, invoice), APPROVE)
    world.stripe.webhooks.configure(receiver.url, types=["invoice.paid"])
    client = a_client(world)

    client.v1.invoices.pay(invoice, {}, {"idempotency_key": f"dun:{invoice}:1"})

    assert world.outbox.flush()
    event: Json = json.loads(receiver.requests[0].body)
    assert (invoice, f"dun:{invoice}:1") == (event["data"]["object"]["id"], event["request"]["idempotency_key"])


def test_a_refused_webhook_is_delivered_again(world: ProviderWorld, receiver: Receiver) -> None:
    """A receiver that answers 500 gets the event once more, freshly signed."""
    receiver.answers = [500, 200]
    world.stripe.webhooks.configure(receiver.url, types=["invoice.payment_failed"])
    a_failed_invoice(world)

    assert world.outbox.flush()
    assert 2 == len(receiver.requests)
    assert receiver.requests[0].body == receiver.requests[1].body


def test_time_comes_from_the_worlds_clock() -> None:
    """A driver that lives in another time gives the world its clock."""
    then = datetime(2027, 1, 31, 9, 30, tzinfo=UTC)
    world = ProviderWorld(clock=lambda: then)

    customer = world.stripe.add_customer()
    invoice = world.stripe.add_invoice(customer, amount=100)

    assert int(then.timestamp()) == world.stripe.get(invoice)["created"]
    assert then == world.log[-1].at
