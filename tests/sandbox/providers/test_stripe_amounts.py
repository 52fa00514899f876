"""Balances, credit and amounts that are too small, at the Stripe stand-in."""

import pytest
import stripe

from sandbox.providers.stripe_limits import MINIMUM_CHARGE
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.stripe_account import INSUFFICIENT_FUNDS, a_failed_invoice, types_of


@pytest.mark.parametrize(
    ("currency", "least"), [("usd", "$0.50 usd"), ("eur", "€0.50 eur"), ("gbp", "£0.30 gbp"), ("jpy", "¥50 jpy")]
)
def test_below_the_minimum_stripe_charges_nothing(
    world: ProviderWorld, client: stripe.StripeClient, currency: str, least: str
) -> None:
    """R11: a part payment or a credit note leaves too little: `amount_too_small`, no decline, no attempt."""
    customer = world.stripe.add_customer()
    world.stripe.add_card(customer, behaviour=INSUFFICIENT_FUNDS)
    invoice = world.stripe.fail_first_payment(customer, amount=1900, currency=currency)
    world.stripe.credit(invoice, 1901 - MINIMUM_CHARGE[currency])

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.invoices.pay(invoice)

    assert (400, "amount_too_small") == (refused.value.http_status, refused.value.code)
    assert f"Amount must be at least {least}" == refused.value._message
    assert ("open", 1) == tuple(world.stripe.get(invoice)[name] for name in ("status", "attempt_count"))


def test_the_minimum_itself_is_charged(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R11: fifty cents are enough."""
    invoice = a_failed_invoice(world)
    world.stripe.credit(invoice, 1850)

    assert "paid" == client.v1.invoices.pay(invoice).status


def test_an_invoice_below_the_minimum_is_carried_to_the_next_one(world: ProviderWorld) -> None:
    """R11, R17: nothing is due, and the next invoice asks for both."""
    customer = world.stripe.add_customer()

    small = world.stripe.get(world.stripe.add_invoice(customer, amount=30))
    following = world.stripe.get(world.stripe.add_invoice(customer, amount=1000))

    assert ("paid", 30, 0, 30) == tuple(small[n] for n in ("status", "total", "amount_due", "ending_balance"))
    assert ("open", 1000, 1030, 30) == tuple(
        following[n] for n in ("status", "total", "amount_due", "starting_balance")
    )
    assert 0 == world.stripe.get(customer)["balance"]


@pytest.mark.parametrize(
    ("balance", "due", "status", "left"),
    [(-400, 1500, "open", 0), (-1900, 0, "paid", 0), (-2500, 0, "paid", -600), (300, 2200, "open", 0)],
    ids=["part credit", "all credit", "more credit", "owed before"],
)
def test_a_balance_changes_what_is_due_and_not_the_total(
    world: ProviderWorld, client: stripe.StripeClient, balance: int, due: int, status: str, left: int
) -> None:
    """R17: `amount_due` differs from `total`; the charge is for what is due."""
    customer = world.stripe.add_customer(balance=balance)
    world.stripe.add_card(customer)

    invoice = world.stripe.add_invoice(customer, amount=1900)

    read = client.v1.invoices.retrieve(invoice)
    assert (1900, due, due, balance, left, status) == (
        read.total,
        read.amount_due,
        read.amount_remaining,
        read.starting_balance,
        read.ending_balance,
        read.status,
    )
    assert left == world.stripe.get(customer)["balance"]
    if due:
        client.v1.invoices.pay(invoice)
        assert due == world.log[-2].data["amount"]
    else:
        assert "invoice.paid" in types_of(world, invoice)


def test_every_listed_currency_has_its_minimum() -> None:
    """R11: from Stripe's page on currencies, in minor units."""
    assert (50, 30, 50, 17500, 1000, 400) == tuple(
        MINIMUM_CHARGE[currency] for currency in ("usd", "gbp", "jpy", "huf", "thb", "hkd")
    )
