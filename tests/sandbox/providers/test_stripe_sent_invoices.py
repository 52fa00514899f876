"""Invoices that are sent to the customer (`collection_method: send_invoice`) at the Stripe stand-in."""

from datetime import UTC, datetime, timedelta

import pytest
import stripe

from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.stripe_account import charges, types_of


def a_sent_invoice(world: ProviderWorld, *, card: bool = False) -> str:
    customer = world.stripe.add_customer()
    if card:
        world.stripe.add_card(customer)
    subscription = world.stripe.add_subscription(customer, amount=90000, currency="usd", days_until_due=30)
    return world.stripe.renew(subscription)


def test_a_sent_invoice_is_not_charged_and_has_a_due_date(world: ProviderWorld) -> None:
    """R2: though the customer has a card; Stripe plans no attempt."""
    invoice = a_sent_invoice(world, card=True)

    document = world.stripe.get(invoice)
    assert ("open", "send_invoice", 0) == (
        document["status"],
        document["collection_method"],
        document["attempt_count"],
    )
    assert document["due_date"] == document["created"] + 30 * 86_400
    assert document["next_payment_attempt"] is None
    assert ["invoice.created", "invoice.finalized", "invoice.sent"] == types_of(world, invoice)


def test_its_due_date_is_announced_and_passes(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R2: two events of its own; then the subscription is past due, without any failed payment."""
    invoice = a_sent_invoice(world)

    world.stripe.remind_of_due_date(invoice)
    subscription = world.stripe.get(invoice)["parent"]["subscription_details"]["subscription"]
    before = client.v1.subscriptions.retrieve(subscription).status
    world.stripe.pass_due_date(invoice)

    assert ["invoice.will_be_due", "invoice.overdue"] == types_of(world, invoice)[-2:]
    assert ("active", "past_due") == (before, client.v1.subscriptions.retrieve(subscription).status)
    assert client.v1.customers.retrieve(world.stripe.get(invoice)["customer"]).to_dict()["delinquent"]
    assert "open" == client.v1.invoices.retrieve(invoice).status


def test_it_becomes_overdue_by_the_clock() -> None:
    """The day after its due date, not before, and once."""
    now = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
    world = ProviderWorld(clock=lambda: now)
    invoice = a_sent_invoice(world)

    for days in (29, 2):
        now += timedelta(days=days)
        world.stripe.catch_up()
        world.stripe.catch_up()

    overdue = [e for e in world.stripe.events if e["type"] == "invoice.overdue"]
    assert [int(now.timestamp())] == [e["created"] for e in overdue]
    assert "open" == world.stripe.get(invoice)["status"]


def test_stripe_charges_it_off_session_when_it_is_asked_to(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R2: nothing in `pay` stops a program that charges a sent invoice. (The API reference names no such refusal.)"""
    invoice = a_sent_invoice(world, card=True)

    assert "paid" == client.v1.invoices.pay(invoice, {"off_session": True}).status
    assert 1 == charges(world, invoice)


def test_without_a_method_there_is_nothing_to_charge(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R2: the usual case: who gets invoices has no card on file."""
    invoice = a_sent_invoice(world)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.invoices.pay(invoice, {"off_session": True})

    assert "resource_missing" == refused.value.code


def test_the_customer_pays_it_on_the_hosted_page(world: ProviderWorld) -> None:
    """Before or after the due date."""
    invoice = a_sent_invoice(world)
    world.stripe.pass_due_date(invoice)

    world.stripe.customer_pays(invoice)

    subscription = world.stripe.get(invoice)["parent"]["subscription_details"]["subscription"]
    assert ["paid", "active"] == [world.stripe.get(id_)["status"] for id_ in (invoice, subscription)]
