"""Which payment method pays, and what one customer's own objects make impossible, at the Stripe stand-in."""

import pytest
import stripe

from sandbox.providers.journal import Json
from sandbox.providers.stripe_outcomes import APPROVE, PROCESSING, Decline
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.stripe_account import INSUFFICIENT_FUNDS, a_client, a_failed_invoice, types_of

ALL = {"expand": ["customer.invoice_settings.default_payment_method", "payments.data.payment.payment_intent"]}


def last_error(world: ProviderWorld, invoice: str) -> Json:
    read = a_client(world).v1.invoices.retrieve(invoice, {"expand": ALL["expand"]}).to_dict()
    error: Json = read["payments"]["data"][0]["payment"]["payment_intent"]["last_payment_error"]
    return error


def card_of(world: ProviderWorld, invoice: str) -> str:
    customer = world.stripe.get(world.stripe.get(invoice)["customer"])
    return str(customer["invoice_settings"]["default_payment_method"])


def test_a_decline_belongs_to_the_method_that_was_tried(world: ProviderWorld) -> None:
    """R7: a new default card changes nothing about the last error, which still names and shows the old card."""
    invoice = a_failed_invoice(world)
    old = card_of(world, invoice)

    new = world.stripe.add_card(world.stripe.get(invoice)["customer"], last4="1881")
    world.stripe.update_card(old, exp_month=1, exp_year=2040, last4="0077")

    error = last_error(world, invoice)
    assert (old, "4242") == (error["payment_method"]["id"], error["payment_method"]["card"]["last4"])
    assert new == card_of(world, invoice)


def test_a_decline_of_the_customers_other_card_replaces_it(world: ProviderWorld) -> None:
    """R7, R8: tried on the hosted page: the standing error is that card's, while the default has none."""
    invoice = a_failed_invoice(world)
    other = world.stripe.add_card(world.stripe.get(invoice)["customer"], default=False)

    world.stripe.customer_tries(invoice, payment_method=other, outcome=Decline("stolen_card"))

    error = last_error(world, invoice)
    assert (other, "stolen_card") == (error["payment_method"]["id"], error["decline_code"])
    assert other != card_of(world, invoice)


@pytest.mark.parametrize(
    "details",
    [{"email": "new@example.com"}, {"phone": "+14155550123"}, {"metadata": {"synced_at": "2026-11-26"}}],
    ids=["email", "phone", "metadata"],
)
def test_a_sync_job_updates_a_method_without_new_card_data(
    world: ProviderWorld, details: dict[str, str | dict[str, str]]
) -> None:
    """R9: `payment_method.updated`, and what changed is no card data."""
    card = world.stripe.add_card(world.stripe.add_customer())

    world.stripe.update_billing_details(card, **details)  # type: ignore[arg-type]

    changed = world.stripe.last_event("payment_method.updated", card)["data"]["previous_attributes"]
    assert {"metadata"} == changed.keys() or {"billing_details"} == changed.keys()


def test_new_card_data_comes_by_hand_or_by_the_network(world: ProviderWorld) -> None:
    """R9: the same event type as a sync job's, with `card`; the network's updater has a type of its own."""
    card = world.stripe.add_card(world.stripe.add_customer(), exp_month=1, exp_year=2026)

    world.stripe.renew_card(card, exp_month=1, exp_year=2031)
    by_hand = world.stripe.last_event("payment_method.updated", card)["data"]
    world.stripe.update_card(card, exp_month=1, exp_year=2036, last4="1111")

    assert {"card": {"exp_month": 1, "exp_year": 2026}} == by_hand["previous_attributes"]
    assert ["payment_method.attached", "payment_method.updated", "payment_method.automatically_updated"] == types_of(
        world, card
    )


def test_a_detached_method_is_still_named_as_default(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R10, R12: Stripe goes on naming it, and charging it is a 400."""
    invoice = a_failed_invoice(world)
    card = card_of(world, invoice)

    world.stripe.detach(card)

    event = world.stripe.last_event("payment_method.detached", card)["data"]
    customer = world.stripe.get(invoice)["customer"]
    assert (None, {"customer": customer}) == (event["object"]["customer"], event["previous_attributes"])
    read = client.v1.invoices.retrieve(invoice, {"expand": ALL["expand"]}).to_dict()
    named = read["customer"]["invoice_settings"]["default_payment_method"]
    assert (card, None) == (named["id"], named["customer"])
    for params in ({}, {"payment_method": card}):
        with pytest.raises(stripe.InvalidRequestError, match="must be attached to the customer") as refused:
            client.v1.invoices.pay(invoice, params)  # type: ignore[arg-type]
        assert (400, "resource_missing") == (refused.value.http_status, refused.value.code)
    assert 1 == world.stripe.get(invoice)["attempt_count"]


def test_the_subscriptions_method_goes_before_the_customers(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R10: a new default of the customer changes nothing until the subscription's is changed too."""
    customer = world.stripe.add_customer()
    old = world.stripe.add_card(customer, behaviour=INSUFFICIENT_FUNDS, default=False)
    subscription = world.stripe.add_subscription(customer, amount=1900, currency="usd", card=old)
    invoice = world.stripe.renew(subscription)
    new = world.stripe.add_card(customer)

    with pytest.raises(stripe.CardError):
        client.v1.invoices.pay(invoice)
    assert old == last_error(world, invoice)["payment_method"]["id"]
    world.stripe.set_default_card(new, subscription=subscription)

    assert "paid" == client.v1.invoices.pay(invoice).status


def test_a_customers_methods_are_listed(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R10: without the detached ones, the newest first; also by type."""
    customer = world.stripe.add_customer()
    gone, card = world.stripe.add_card(customer), world.stripe.add_card(customer)
    account = world.stripe.add_bank_debit(customer, behaviour=PROCESSING, default=False)
    world.stripe.detach(gone)

    all_of_them = client.v1.customers.payment_methods.list(customer).data
    cards = client.v1.payment_methods.list({"customer": customer, "type": "card"}).data

    assert [account, card] == [method.id for method in all_of_them]
    assert [card] == [method.id for method in cards]


def test_what_a_card_was_set_up_for_is_listed(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R10: a SetupIntent's usage says whether its holder agreed to payments without them; many cards have none."""
    customer = world.stripe.add_customer()
    shown, kept, plain = (world.stripe.add_card(customer, default=False) for _ in range(3))
    world.stripe.set_up(shown, usage="on_session")
    world.stripe.set_up(kept)

    listed = [client.v1.setup_intents.list({"payment_method": card}).data for card in (shown, kept, plain)]

    assert [[("succeeded", "on_session")], [("succeeded", "off_session")], []] == [
        [(one.status, one.usage) for one in found] for found in listed
    ]


def test_an_invoice_can_be_paid_with_any_attached_method(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R10: only where the request names it; the subscription's own stays named, and a decline is the named one's."""
    customer = world.stripe.add_customer()
    own, other, bad = (world.stripe.add_card(customer, default=False) for _ in range(3))
    world.stripe.set_behaviour(bad, Decline("insufficient_funds"))
    subscription = world.stripe.add_subscription(customer, amount=1900, currency="usd", card=own)
    invoice = world.stripe.add_invoice(customer, amount=1900, subscription=subscription)
    world.stripe.detach(own)

    with pytest.raises(stripe.CardError) as refused:
        client.v1.invoices.pay(invoice, {"payment_method": bad})
    paid = client.v1.invoices.pay(invoice, {"payment_method": other})

    assert refused.value.error
    assert bad == refused.value.error.payment_method.id  # type: ignore[union-attr]
    assert ("paid", own) == (paid.status, world.stripe.get(subscription)["default_payment_method"])


def test_a_method_that_cannot_pay_in_this_currency_is_refused(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """R12: 400 for this customer's object, and nothing was tried."""
    customer = world.stripe.add_customer()
    world.stripe.add_bank_debit(customer, behaviour=APPROVE, kind="sepa_debit")
    invoice = world.stripe.add_invoice(customer, amount=1900, currency="usd")

    with pytest.raises(stripe.InvalidRequestError, match="sepa_debit only supports the following currencies: eur"):
        client.v1.invoices.pay(invoice)

    assert not world.stripe.get(invoice)["attempted"]


def test_a_kind_of_method_that_the_invoice_does_not_accept_is_refused(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """R12: `payment_settings.payment_method_types`."""
    customer = world.stripe.add_customer()
    world.stripe.add_bank_debit(customer, behaviour=PROCESSING)
    invoice = world.stripe.add_invoice(customer, amount=1900, payment_method_types=["card"])

    with pytest.raises(stripe.InvalidRequestError, match=r"\(us_bank_account\) is not allowed"):
        client.v1.invoices.pay(invoice)


def test_a_deleted_customer_is_shown_without_anything_of_the_person(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """R21: 200 with `deleted: true`; subscriptions end, invoices stay and cannot be charged."""
    invoice = a_failed_invoice(world)
    customer = world.stripe.get(invoice)["customer"]

    world.stripe.delete_customer(customer)

    shown = {"id": customer, "object": "customer", "deleted": True}
    assert shown == client.v1.customers.retrieve(customer).to_dict()
    read = client.v1.invoices.retrieve(invoice, {"expand": ALL["expand"]}).to_dict()
    assert ("open", shown, False) == (read["status"], read["customer"], read["auto_advance"])
    assert "ada@example.com" == world.stripe.last_event("customer.deleted", customer)["data"]["object"]["email"]
    subscription = read["parent"]["subscription_details"]["subscription"]
    assert "canceled" == client.v1.subscriptions.retrieve(subscription).status
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.invoices.pay(invoice)
    assert "uncollectible" == client.v1.invoices.mark_uncollectible(invoice).status


def test_a_customer_changes_address_and_name(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """`customer.updated` with the old values; the invoice keeps those of its own day."""
    invoice = a_failed_invoice(world)
    customer = world.stripe.get(invoice)["customer"]

    world.stripe.update_customer(customer, email="new@example.com", name="Ada Newname")

    changed = world.stripe.last_event("customer.updated", customer)["data"]
    assert {"email": "ada@example.com", "name": "Ada Example"} == changed["previous_attributes"]
    assert "new@example.com" == client.v1.customers.retrieve(customer).to_dict()["email"]
    assert "ada@example.com" == client.v1.invoices.retrieve(invoice).customer_email


def test_a_card_that_was_refused_for_good_is_charged_again_when_it_is_asked_for(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """R61: Stripe leaves it to who asks: the same card, another invoice, and the network sees one more try."""
    customer = world.stripe.add_customer()
    card = world.stripe.add_card(customer, behaviour=Decline("lost_card", network_decline_code="41"))
    invoices = [world.stripe.add_invoice(customer, amount=1900) for _ in range(2)]

    for invoice in invoices:
        with pytest.raises(stripe.CardError):
            client.v1.invoices.pay(invoice, {"payment_method": card})

    assert 2 == len([charge for charge in world.stripe.store.of_kind("charge") if charge["payment_method"] == card])
