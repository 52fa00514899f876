"""Vouchers at the Stripe stand-in: taken on the hosted page, paid in cash, and nobody knows for a day."""

import pytest
import stripe

from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.stripe_account import a_failed_invoice
from tests.sandbox.providers.test_stripe_debits import the_intent


def test_a_voucher_leaves_the_payment_waiting(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R65: the invoice is open, and `requires_action` without a bank that asks anything; then the cash has arrived."""
    invoice = a_failed_invoice(world)

    world.stripe.customer_takes_voucher(invoice)

    intent = the_intent(world, invoice)
    action = intent["next_action"]
    assert isinstance(action, dict)
    assert ("requires_action", "oxxo_display_details", None) == (
        intent["status"],
        action["type"],
        intent["last_payment_error"],
    )
    assert "open" == client.v1.invoices.retrieve(invoice).status
    world.stripe.voucher_is_paid(invoice)
    assert "paid" == client.v1.invoices.retrieve(invoice).status


def test_stripe_charges_the_card_beside_a_voucher_when_it_is_asked_to(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """R65: the voucher is in the customer's hand all the same."""
    invoice = a_failed_invoice(world)
    world.stripe.customer_takes_voucher(invoice)
    customer = str(world.stripe.get(invoice)["customer"])
    card = world.stripe.add_card(customer, default=False)

    assert "paid" == client.v1.invoices.pay(invoice, {"payment_method": card}).status


def test_a_voucher_expires(world: ProviderWorld) -> None:
    """R65: the payment needs another method."""
    invoice = a_failed_invoice(world)
    world.stripe.customer_takes_voucher(invoice)

    world.stripe.voucher_expires(invoice)

    assert "requires_payment_method" == the_intent(world, invoice)["status"]
    with pytest.raises(ValueError, match="waits"):
        world.stripe.voucher_is_paid(invoice)


def test_instructions_for_a_bank_transfer_leave_the_payment_waiting(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """R67: `requires_action` without a bank that asks anything; nothing but all of the money ends it."""
    invoice = a_failed_invoice(world)

    world.stripe.customer_chooses_transfer(invoice)

    intent = the_intent(world, invoice)
    action = intent["next_action"]
    assert isinstance(action, dict)
    assert ("requires_action", "display_bank_transfer_instructions") == (intent["status"], action["type"])
    assert "open" == client.v1.invoices.retrieve(invoice).status
    world.stripe.transfer_arrives(invoice)
    assert "paid" == client.v1.invoices.retrieve(invoice).status
    with pytest.raises(ValueError, match="waits"):
        world.stripe.transfer_arrives(invoice)
