"""R10: which of a customer's saved cards may be charged for an invoice that names another one."""

from collections.abc import Callable
from typing import Any

import pytest

from domain.invoice import MethodRef
from gateways.stripe_payments import StripePayments
from sandbox.providers.stripe_outcomes import PROCESSING, Decline
from sandbox.providers.world import ProviderWorld


class Wallet:
    """A customer whose subscription has a card of its own, and what else is on file."""

    def __init__(self, world: ProviderWorld) -> None:
        self.stripe = world.stripe
        self.customer = world.stripe.add_customer()
        self.own = self.card(behaviour=Decline("expired_card"), fingerprint="fp_own")
        subscription = world.stripe.add_subscription(self.customer, amount=1900, currency="usd", card=self.own)
        self.invoice = world.stripe.fail_first_payment(self.customer, amount=1900, subscription=subscription)

    def card(self, *, set_up: str | None = None, default: bool = False, **card: Any) -> str:
        method = self.stripe.add_card(self.customer, default=default, **card)
        if set_up:
            self.stripe.set_up(method, usage=set_up)
        return method

    def found(self, payments: StripePayments, *without: MethodRef) -> str | None:
        found = payments.other_method(payments.read_invoice(self.invoice), without)
        return found.id if found else None


@pytest.fixture
def wallet(world: ProviderWorld) -> Wallet:
    return Wallet(world)


CONSENTED: dict[str, Callable[[Wallet], str]] = {
    "the customer's default": lambda wallet: wallet.card(default=True),
    "set up for payments without the customer": lambda wallet: wallet.card(set_up="off_session"),
}
NOT_CONSENTED: dict[str, Callable[[Wallet], str]] = {
    "only attached": lambda wallet: wallet.card(),
    "shown again, and no more": lambda wallet: wallet.card(allow_redisplay="always"),
    "set up for checkouts": lambda wallet: wallet.card(set_up="on_session", allow_redisplay="always"),
    "saved for one subscription": lambda wallet: wallet.card(set_up="off_session", allow_redisplay="limited"),
    "default, and saved for one subscription": lambda wallet: wallet.card(default=True, allow_redisplay="limited"),
    "issued in India": lambda wallet: wallet.card(default=True, country="IN"),
    "the same card, saved once more": lambda wallet: wallet.card(default=True, fingerprint="fp_own"),
    "a bank account": lambda wallet: wallet.stripe.add_bank_debit(
        wallet.customer, behaviour=PROCESSING, kind="us_bank_account"
    ),
}


@pytest.mark.parametrize("what", CONSENTED)
def test_r10_a_card_that_was_saved_for_it_may_be_used(wallet: Wallet, payments: StripePayments, what: str) -> None:
    card = CONSENTED[what](wallet)

    assert card == wallet.found(payments)


@pytest.mark.parametrize("what", NOT_CONSENTED)
def test_r10_a_card_that_was_not_saved_for_it_is_left_alone(
    wallet: Wallet, payments: StripePayments, what: str
) -> None:
    """That it is on file is no consent."""
    NOT_CONSENTED[what](wallet)

    assert wallet.found(payments) is None


def test_r10_the_customers_default_comes_first_and_what_was_refused_is_left_out(
    wallet: Wallet, payments: StripePayments
) -> None:
    older, default = wallet.card(set_up="off_session", fingerprint="fp_o"), wallet.card(default=True)
    newest = wallet.card(set_up="off_session")
    refused = [MethodRef(id=default), MethodRef(id=newest)]

    found = [wallet.found(payments, *refused[:n]) for n in range(3)]

    assert [default, newest, older] == found
    gone = MethodRef(id="pm_gone", fingerprint="fp_o", expiry="12/2034")
    assert wallet.found(payments, *refused, gone) is None
    wallet.stripe.detach(default)
    assert newest == wallet.found(payments)
