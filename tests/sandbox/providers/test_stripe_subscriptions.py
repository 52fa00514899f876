"""Sign-ups, trials and cancellations at the Stripe stand-in."""

from datetime import UTC, datetime, timedelta

import pytest
import stripe

from sandbox.providers.stripe_outcomes import APPROVE
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.stripe_account import INSUFFICIENT_FUNDS, a_failed_invoice, types_of


def test_a_sign_up_whose_first_payment_fails_is_incomplete(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R1: nobody has become a customer; the invoice says `subscription_create` and is open."""
    customer = world.stripe.add_customer()
    world.stripe.add_card(customer, behaviour=INSUFFICIENT_FUNDS)

    subscription = world.stripe.sign_up(customer, amount=1900)

    read = client.v1.subscriptions.retrieve(subscription, {"expand": ["latest_invoice"]}).to_dict()
    invoice = read["latest_invoice"]
    assert ("incomplete", "subscription_create", "open") == (
        read["status"],
        invoice["billing_reason"],
        invoice["status"],
    )
    assert world.stripe.last_event("invoice.payment_failed", invoice["id"])


def test_a_sign_up_that_is_paid_is_active(world: ProviderWorld) -> None:
    """At once, or by the customer within the 23 hours."""
    customer = world.stripe.add_customer()
    world.stripe.add_card(customer, behaviour=[INSUFFICIENT_FUNDS, APPROVE])

    late = world.stripe.sign_up(customer, amount=1900)
    at_once = world.stripe.sign_up(customer, amount=1900)
    world.stripe.customer_pays(world.stripe.get(late)["latest_invoice"])

    assert ["active", "active"] == [world.stripe.get(s)["status"] for s in (late, at_once)]


def test_an_unpaid_sign_up_expires_and_its_invoice_is_void(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R1: `incomplete_expired` is the end, and the invoice can no longer be paid."""
    subscription = world.stripe.sign_up(world.stripe.add_customer(), amount=1900)
    invoice = world.stripe.get(subscription)["latest_invoice"]

    world.stripe.expire_sign_up(subscription)

    assert "incomplete_expired" == client.v1.subscriptions.retrieve(subscription).status
    assert "void" == client.v1.invoices.retrieve(invoice).status
    assert world.stripe.last_event("invoice.voided", invoice)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.pay(invoice)


@pytest.mark.parametrize(("hours", "status"), [(22, "incomplete"), (23, "incomplete_expired")])
def test_a_sign_up_expires_after_23_hours(hours: int, status: str) -> None:
    """By the world's clock."""
    now = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
    world = ProviderWorld(clock=lambda: now)
    subscription = world.stripe.sign_up(world.stripe.add_customer(), amount=1900)

    now += timedelta(hours=hours)
    world.stripe.catch_up()

    assert status == world.stripe.get(subscription)["status"]


def test_signing_up_again_makes_a_second_subscription(world: ProviderWorld) -> None:
    """R1: the first one stays incomplete beside the new one."""
    customer = world.stripe.add_customer()
    first = world.stripe.sign_up(customer, amount=1900)
    world.stripe.add_card(customer)

    second = world.stripe.sign_up(customer, amount=1900)

    assert first != second
    assert ["incomplete", "active"] == [world.stripe.get(s)["status"] for s in (first, second)]


@pytest.mark.parametrize(
    "reason",
    ["subscription_create", "subscription_cycle", "subscription_update", "subscription_threshold", "manual"],
)
def test_an_invoice_says_why_it_was_made(world: ProviderWorld, reason: str) -> None:
    """`billing_reason`."""
    invoice = world.stripe.add_invoice(world.stripe.add_customer(), amount=500, billing_reason=reason)

    assert reason == world.stripe.get(invoice)["billing_reason"]


def test_a_cancellation_stops_the_collection_of_all_open_invoices(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """R3: of the customer, not only of this subscription; they stay open and can still be paid."""
    invoice = a_failed_invoice(world)
    customer = world.stripe.get(invoice)["customer"]
    one_off = world.stripe.add_invoice(customer, amount=700)
    subscription = world.stripe.get(invoice)["parent"]["subscription_details"]["subscription"]

    world.stripe.cancel_subscription(subscription)

    deleted = world.stripe.last_event("customer.subscription.deleted", subscription)["data"]["object"]
    assert ("canceled", "cancellation_requested") == (deleted["status"], deleted["cancellation_details"]["reason"])
    read = [client.v1.invoices.retrieve(i) for i in (invoice, one_off)]
    assert [("open", False)] * 2 == [(i.status, i.auto_advance) for i in read]
    changed = world.stripe.last_event("invoice.updated", invoice)["data"]["previous_attributes"]
    assert changed["auto_advance"]
    assert "paid" == client.v1.invoices.pay(invoice).status


def test_a_cancellation_for_the_end_of_the_period_leaves_the_collection_alone(world: ProviderWorld) -> None:
    """R3: only the subscription says that it will end."""
    invoice = a_failed_invoice(world)
    subscription = world.stripe.get(invoice)["parent"]["subscription_details"]["subscription"]

    world.stripe.cancel_at_period_end(subscription)

    event = world.stripe.last_event("customer.subscription.updated", subscription)["data"]
    assert ("past_due", True) == (event["object"]["status"], event["object"]["cancel_at_period_end"])
    assert not event["previous_attributes"]["cancel_at_period_end"]
    assert world.stripe.get(invoice)["auto_advance"]


@pytest.mark.parametrize(
    ("behaviour", "status", "event"),
    [("cancel", "canceled", "customer.subscription.deleted"), ("pause", "paused", "customer.subscription.paused")],
)
def test_a_trial_that_ends_without_a_card_leaves_no_invoice(
    world: ProviderWorld, behaviour: str, status: str, event: str
) -> None:
    """R17: by `trial_settings`, the subscription ends or pauses."""
    trial = world.stripe.start_trial(world.stripe.add_customer(), amount=1900, missing_payment_method=behaviour)

    assert "trialing" == world.stripe.get(trial)["status"]
    assert world.stripe.end_trial(trial) is None
    assert status == world.stripe.get(trial)["status"]
    assert world.stripe.last_event(event, trial)


def test_a_trial_that_ends_without_a_card_can_leave_an_unpaid_invoice(world: ProviderWorld) -> None:
    """R17: `create_invoice` fails for lack of a payment method: nothing was declined."""
    trial = world.stripe.start_trial(world.stripe.add_customer(), amount=1900)

    invoice = world.stripe.end_trial(trial)

    assert invoice
    document = world.stripe.last_event("invoice.payment_failed", invoice)["data"]["object"]
    assert ("open", "subscription_cycle", 1) == (
        document["status"],
        document["billing_reason"],
        document["attempt_count"],
    )
    assert "past_due" == world.stripe.get(trial)["status"]
    assert [] == [e for e in types_of(world, invoice) if e.startswith("charge")]


def test_a_trial_with_a_card_goes_on(world: ProviderWorld) -> None:
    """The first real invoice is charged."""
    customer = world.stripe.add_customer()
    world.stripe.add_card(customer)
    trial = world.stripe.start_trial(customer, amount=1900)

    invoice = world.stripe.end_trial(trial)

    assert ["active", "paid"] == [world.stripe.get(str(id_))["status"] for id_ in (trial, invoice)]


def test_a_trial_ends_by_the_clock() -> None:
    """R17: after its days, not before."""
    now = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
    world = ProviderWorld(clock=lambda: now)
    trial = world.stripe.start_trial(world.stripe.add_customer(), amount=1900, days=7, missing_payment_method="pause")

    statuses = []
    for days in (6, 1):
        now += timedelta(days=days)
        world.stripe.catch_up()
        statuses.append(world.stripe.get(trial)["status"])

    assert ["trialing", "paused"] == statuses


def test_a_price_of_nothing_is_paid_without_a_payment(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R17: also the first invoice of a trial."""
    customer = world.stripe.add_customer()

    free = world.stripe.renew(world.stripe.add_subscription(customer, amount=0, currency="usd"))
    trial = world.stripe.get(world.stripe.start_trial(customer, amount=1900))["latest_invoice"]

    for invoice in (free, trial):
        read = client.v1.invoices.retrieve(invoice, {"expand": ["payments"]}).to_dict()
        assert ("paid", 0, []) == (read["status"], read["total"], read["payments"]["data"])


@pytest.mark.parametrize("end", ["canceled", "unpaid", "past_due"])
def test_stripe_gives_up(world: ProviderWorld, end: str) -> None:
    """R19: what becomes of the subscription when the retries are used up is the account's setting."""
    invoice = a_failed_invoice(world)

    world.stripe.give_up(invoice, end, uncollectible=end == "unpaid")

    subscription = world.stripe.get(world.stripe.get(invoice)["parent"]["subscription_details"]["subscription"])
    assert end == subscription["status"]
    assert ("payment_failed" if end == "canceled" else None) == subscription["cancellation_details"]["reason"]
    details = world.stripe.get(invoice)["status_details"]["uncollectible"]
    assert ({"reason": "max_payment_attempts"} if end == "unpaid" else None) == details
