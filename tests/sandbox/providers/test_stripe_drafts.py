"""Invoices that are made by hand: a draft, its line, and the step by which it is final."""

import pytest
import stripe

from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.stripe_account import a_failed_invoice


def draft(client: stripe.StripeClient, invoice: stripe.Invoice, amount: int = 1900) -> str:
    parent = invoice.parent
    assert parent
    assert parent.subscription_details
    made = client.v1.invoices.create(
        {
            "customer": str(invoice.customer),
            "currency": "usd",
            "subscription": str(parent.subscription_details.subscription),
            "auto_advance": False,
            "metadata": {"dunning_replaces": invoice.id},
        }
    )
    client.v1.invoice_items.create(
        {"customer": str(invoice.customer), "invoice": made.id, "amount": amount, "currency": "usd"}
    )
    return str(made.id)


def test_a_draft_becomes_an_open_invoice_that_nobody_charges(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R14: of the same subscription, whose cycle it leaves alone; it has a number and a page once it is final."""
    first = client.v1.invoices.retrieve(a_failed_invoice(world))
    made = draft(client, first)
    before = client.v1.invoices.retrieve(made)

    final = client.v1.invoices.finalize_invoice(made, {"auto_advance": False})

    assert ("draft", None, None) == (before.status, before.number, before.hosted_invoice_url)
    assert ("open", "manual", 1900, 0) == (
        final.status,
        final.billing_reason,
        final.amount_remaining,
        final.attempt_count,
    )
    assert final.number
    assert final.metadata
    assert final.number != first.number
    assert {"dunning_replaces": first.id} == final.metadata.to_dict()


def test_what_was_billed_by_hand_is_paid_like_any_other(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """Charged off session, it is paid."""
    made = draft(client, client.v1.invoices.retrieve(a_failed_invoice(world)))
    client.v1.invoices.finalize_invoice(made)

    world.stripe.customer_pays(made)

    assert "paid" == client.v1.invoices.retrieve(made).status


def test_only_a_draft_takes_lines_and_becomes_final(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """Stripe refuses both for an invoice that is open."""
    invoice = a_failed_invoice(world)
    customer = str(client.v1.invoices.retrieve(invoice).customer)

    with pytest.raises(stripe.InvalidRequestError, match="draft"):
        client.v1.invoice_items.create({"customer": customer, "invoice": invoice, "amount": 1, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError, match="already finalized"):
        client.v1.invoices.finalize_invoice(invoice)


def test_a_subscription_that_has_ended_is_not_billed(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """Its last invoice was that."""
    invoice = client.v1.invoices.retrieve(a_failed_invoice(world))
    assert invoice.parent
    assert invoice.parent.subscription_details
    world.stripe.cancel_subscription(str(invoice.parent.subscription_details.subscription))

    with pytest.raises(stripe.InvalidRequestError, match="this subscription"):
        draft(client, invoice)
