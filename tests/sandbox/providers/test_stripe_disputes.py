"""Several disputes, late and without an invoice, at the Stripe stand-in."""

import json

import pytest
import stripe

from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.receiver import Receiver
from tests.sandbox.providers.stripe_account import a_failed_invoice


def test_several_disputes_of_one_customer_are_open_at_once(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R13: each has its own end."""
    invoice = a_failed_invoice(world)
    customer = world.stripe.get(invoice)["customer"]
    first = world.stripe.open_dispute(invoice)
    second = world.stripe.dispute_charge(world.stripe.buy_once(customer, 700), reason="product_not_received")

    world.stripe.close_dispute(first, won=True)

    assert [("won", "fraudulent"), ("needs_response", "product_not_received")] == [
        (d.status, d.reason) for d in map(client.v1.disputes.retrieve, (first, second))
    ]
    with pytest.raises(ValueError, match="closed already"):
        world.stripe.close_dispute(first, won=False)


def test_a_dispute_of_a_one_off_payment_has_no_invoice(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R13: the charge's customer is all that ties it to a case."""
    customer = world.stripe.add_customer()
    charge = world.stripe.buy_once(customer, 700)

    dispute = world.stripe.dispute_charge(charge)

    event = world.stripe.last_event("charge.dispute.created", dispute)["data"]["object"]
    assert (charge, "customer" in event) == (event["charge"], False)
    assert customer == client.v1.charges.retrieve(charge).customer
    found = client.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": event["payment_intent"]}}
    )
    assert [] == found.data


def test_an_inquiry_ends_without_a_winner(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R13: the bank only asks; the same events, with statuses of their own."""
    charge = world.stripe.buy_once(world.stripe.add_customer(), 700)

    dispute = world.stripe.dispute_charge(charge, inquiry=True)
    before = client.v1.disputes.retrieve(dispute).status
    world.stripe.close_dispute(dispute, won=True)

    assert ("warning_needs_response", "warning_closed") == (before, client.v1.disputes.retrieve(dispute).status)
    assert "warning_closed" == world.stripe.last_event("charge.dispute.closed", dispute)["data"]["object"]["status"]


def test_disputes_are_listed_by_charge_and_by_payment(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R13: the newest first, as every list."""
    charge = world.stripe.buy_once(world.stripe.add_customer(), 700)
    disputes = [world.stripe.dispute_charge(charge) for _ in range(2)]
    world.stripe.open_dispute(a_failed_invoice(world))
    intent = str(client.v1.charges.retrieve(charge).payment_intent)

    by_charge = client.v1.disputes.list({"charge": charge}).data
    by_intent = client.v1.disputes.list({"payment_intent": intent}).data

    assert disputes[::-1] == [d.id for d in by_charge] == [d.id for d in by_intent]
    assert disputes[-1] in [d.id for d in client.v1.disputes.list({"limit": 100}).data]


def test_the_end_of_a_dispute_may_come_before_its_beginning(world: ProviderWorld) -> None:
    """R13: nothing orders webhooks; both events say which dispute they are about."""
    with Receiver() as receiver:
        world.stripe.webhooks.configure(receiver.url, types=["charge.dispute.created", "charge.dispute.closed"])
        world.outbox.hold()
        dispute = world.stripe.open_dispute(a_failed_invoice(world))
        world.stripe.close_dispute(dispute, won=False)
        for delivery in reversed(world.outbox.take()):
            world.outbox.send(delivery)
        assert world.outbox.flush()
        world.outbox.release()
        world.stripe.webhooks.configure(None)

    received = [json.loads(request.body) for request in receiver.requests]
    assert ["charge.dispute.closed", "charge.dispute.created"] == [event["type"] for event in received]
    assert {dispute} == {event["data"]["object"]["id"] for event in received}


def test_a_dispute_is_lost_after_the_invoice_was_recovered(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R14: the invoice stays paid; only the dispute tells that the money is gone."""
    invoice = a_failed_invoice(world)
    client.v1.invoices.pay(invoice)

    dispute = world.stripe.open_dispute(invoice)
    world.stripe.close_dispute(dispute, won=False)

    assert ("paid", "lost") == (
        client.v1.invoices.retrieve(invoice).status,
        client.v1.disputes.retrieve(dispute).status,
    )
