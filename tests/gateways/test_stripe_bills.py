"""A payment that was taken back is billed anew: once, whatever crashed, and never over another amount."""

import pytest

from domain.money import Money
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from gateways.stripe_payments import StripePayments
from sandbox.providers.world import ProviderWorld
from tests.cases import a_failed_invoice

OWED = Money(amount=2000, currency="USD")
FINALIZE = r"POST /v1/invoices/in_\w+/finalize"
KEY = "dun:in_1:again:du_1"


def paid(world: ProviderWorld) -> str:
    invoice, _ = a_failed_invoice(world)
    world.stripe.customer_pays(invoice)
    return invoice


def bills(world: ProviderWorld, invoice: str) -> list[str]:
    return [i["id"] for i in world.stripe.store.of_kind("invoice") if i["metadata"].get("dunning_replaces") == invoice]


def test_it_is_an_open_invoice_of_the_same_subscription(world: ProviderWorld, payments: StripePayments) -> None:
    """So the card that is charged, the service and the state of the subscription are the same ones."""
    old = payments.read_invoice(paid(world))

    new = payments.read_invoice(payments.bill_anew(old, OWED, KEY))

    assert ("open", OWED, old.subscription_id) == (new.state.value, new.remaining, new.subscription_id)
    assert (old.payment_method, old.customer_id) == (new.payment_method, new.customer_id)
    assert new.pay_url
    assert new.number != old.number


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("call", [r"POST /v1/invoices$", r"POST /v1/invoiceitems", FINALIZE])
def test_after_a_failure_at_any_step_there_is_one_bill(
    world: ProviderWorld, payments: StripePayments, call: str, times: int
) -> None:
    """R6: Stripe stores its own failure under the key. What an earlier run made is found and finished."""
    old = payments.read_invoice(paid(world))
    world.stripe.break_calls(call, times)
    for _ in range(times):
        with pytest.raises(ProviderTrouble):
            payments.bill_anew(old, OWED, KEY)

    new = payments.bill_anew(old, OWED, KEY)

    assert [new] == bills(world, old.id)
    assert OWED == payments.read_invoice(new).remaining


def test_two_losses_are_two_bills(world: ProviderWorld, payments: StripePayments) -> None:
    old = payments.read_invoice(paid(world))

    made = {payments.bill_anew(old, OWED, key) for key in (KEY, f"{KEY}2", KEY)}

    assert 2 == len(made) == len(bills(world, old.id))


def test_a_bill_to_which_stripe_adds_something_is_not_made_final(
    world: ProviderWorld, payments: StripePayments
) -> None:
    """A line that somebody added to the draft, or a tax: an operator looks."""
    old = payments.read_invoice(paid(world))
    world.stripe.break_calls(FINALIZE)
    with pytest.raises(ProviderTrouble):
        payments.bill_anew(old, OWED, KEY)
    [bill] = bills(world, old.id)
    world.stripe.store.objects[bill]["total"] += 140

    with pytest.raises(ProviderMisuse, match="comes to 2140"):
        payments.bill_anew(old, OWED, KEY)
