"""Tries that are not ours at the Stripe stand-in: Stripe's own, the customer's, another program's."""

from datetime import UTC, datetime, timedelta

import pytest
import stripe

from sandbox.providers.stripe_outcomes import APPROVE, Decline
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.stripe_account import INSUFFICIENT_FUNDS, a_failed_invoice, types_of

DAY = 86_400


def test_stripes_own_retries_are_announced_on_the_invoice(world: ProviderWorld) -> None:
    """R19: `next_payment_attempt` is set, and in the event of the failure too; null after the last one."""
    world.stripe.use_retries(3, 5)
    invoice = a_failed_invoice(world, INSUFFICIENT_FUNDS, INSUFFICIENT_FUNDS)
    first = world.stripe.last_event("invoice.payment_failed", invoice)["data"]["object"]

    seen = [(first["attempt_count"], first["next_payment_attempt"] - first["created"])]
    for _ in range(2):
        world.stripe.retry(invoice)
        read = world.stripe.get(invoice)
        planned = read["next_payment_attempt"]
        seen.append((read["attempt_count"], planned and planned - read["created"]))

    assert [(1, 3 * DAY), (2, 5 * DAY), (3, None)] == [(n, t and t // DAY * DAY) for n, t in seen]


def test_without_retries_no_attempt_is_planned(world: ProviderWorld) -> None:
    """R19: the account's retries are off: `next_payment_attempt` is null."""
    assert world.stripe.get(a_failed_invoice(world))["next_payment_attempt"] is None


def test_a_retry_that_succeeds_pays_the_invoice(world: ProviderWorld) -> None:
    """R19: Stripe is faster than we are."""
    world.stripe.use_retries(3)
    invoice = a_failed_invoice(world)

    world.stripe.retry(invoice)

    read = world.stripe.get(invoice)
    assert ("paid", 2, None) == (read["status"], read["attempt_count"], read["next_payment_attempt"])


def test_retries_come_by_the_clock() -> None:
    """R19: at the time that the invoice named, and not once the collection was stopped."""
    now = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
    world = ProviderWorld(clock=lambda: now)
    world.stripe.use_retries(3, 3)
    invoice, cancelled = a_failed_invoice(world, INSUFFICIENT_FUNDS), a_failed_invoice(world, INSUFFICIENT_FUNDS)
    subscription = world.stripe.get(cancelled)["parent"]["subscription_details"]["subscription"]
    world.stripe.cancel_subscription(subscription)

    counts = []
    for days in (2, 1, 3):
        now += timedelta(days=days)
        world.stripe.catch_up()
        counts.append([world.stripe.get(i)["attempt_count"] for i in (invoice, cancelled)])

    assert [[1, 1], [2, 1], [3, 1]] == counts
    assert ["paid", "open"] == [world.stripe.get(i)["status"] for i in (invoice, cancelled)]
    with pytest.raises(ValueError, match="Automatic collection"):
        world.stripe.retry(cancelled)


def test_after_a_hard_decline_stripe_counts_retries_without_charging(world: ProviderWorld) -> None:
    """R19: until there is another method."""
    world.stripe.use_retries(1, 1, 1)
    customer = world.stripe.add_customer()
    world.stripe.add_card(customer, behaviour=Decline("stolen_card"))
    invoice = world.stripe.fail_first_payment(customer, amount=1900)

    world.stripe.retry(invoice)
    counted = world.stripe.get(invoice)["attempt_count"]
    tried = [e for e in world.log if e.kind == "charge.failed" and e.subjects["invoice"] == invoice]
    world.stripe.add_card(customer)
    world.stripe.retry(invoice)

    assert (2, 1) == (counted, len(tried))
    assert "invoice.updated" in types_of(world, invoice)
    assert "paid" == world.stripe.get(invoice)["status"]


@pytest.mark.parametrize("card", ["none", "indian"])
def test_some_invoices_are_never_retried(world: ProviderWorld, card: str) -> None:
    """R15, R19: without a method, and on cards issued in India, Stripe only counts."""
    world.stripe.use_retries(1, 1)
    customer = world.stripe.add_customer(country="IN")
    if card == "indian":
        world.stripe.add_card(customer, behaviour=INSUFFICIENT_FUNDS)
    invoice = world.stripe.fail_first_payment(customer, amount=49900, currency="inr")
    before = len(types_of(world, invoice))

    world.stripe.retry(invoice)

    assert 2 == world.stripe.get(invoice)["attempt_count"]
    assert ["invoice.updated"] == types_of(world, invoice)[before:]


def test_with_automations_the_failures_event_does_not_know_the_next_try(world: ProviderWorld) -> None:
    """R19: only the `invoice.updated` after it does."""
    world.stripe.use_retries(3, automations=True)

    invoice = a_failed_invoice(world)

    failed, updated = (world.stripe.last_event(f"invoice.{n}", invoice)["data"] for n in ("payment_failed", "updated"))
    assert failed["object"]["next_payment_attempt"] is None
    assert {"next_payment_attempt": None} == updated["previous_attributes"]
    assert updated["object"]["next_payment_attempt"] == world.stripe.get(invoice)["next_payment_attempt"]


def test_stripe_chooses_another_time_for_its_next_try(world: ProviderWorld) -> None:
    """R19: Smart Retries go by what they learn, and not by a schedule; `invoice.updated` tells."""
    world.stripe.use_retries(3)
    invoice = a_failed_invoice(world)
    first = world.stripe.get(invoice)["next_payment_attempt"]

    world.stripe.plan_retry(invoice, datetime(2030, 1, 1, 9, tzinfo=UTC))

    told = world.stripe.last_event("invoice.updated", invoice)["data"]
    assert {"next_payment_attempt": first} == told["previous_attributes"]
    assert datetime(2030, 1, 1, 9, tzinfo=UTC).timestamp() == told["object"]["next_payment_attempt"]


def test_manual_tries_after_the_first_do_not_count(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R8, R19: neither ours, nor the customer's, nor another program's, and they leave Stripe's plan alone."""
    world.stripe.use_retries(3)
    invoice = a_failed_invoice(world, *[INSUFFICIENT_FUNDS] * 3)
    planned = world.stripe.get(invoice)["next_payment_attempt"]

    world.stripe.customer_tries(invoice)
    world.stripe.other_engine_tries(invoice)
    with pytest.raises(stripe.CardError):
        client.v1.invoices.pay(invoice)

    assert (1, planned) == tuple(world.stripe.get(invoice)[n] for n in ("attempt_count", "next_payment_attempt"))
    assert 4 == types_of(world, invoice).count("invoice.payment_failed")


def test_an_api_call_that_is_the_first_attempt_counts(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R19: "any payment attempt counts as the first attempt"; a payment on the hosted page was seen not to."""
    customer = world.stripe.add_customer()
    world.stripe.add_card(customer, behaviour=APPROVE)
    ours, theirs = (world.stripe.add_invoice(customer, amount=500) for _ in range(2))

    client.v1.invoices.pay(ours)
    world.stripe.customer_pays(theirs)

    assert [(1, True), (0, True)] == [
        (i["attempt_count"], i["attempted"]) for i in (world.stripe.get(ours), world.stripe.get(theirs))
    ]


def test_another_programs_try_has_a_request_and_a_key_of_its_own(world: ProviderWorld) -> None:
    """R8: only its key tells it from ours; its decline stands like any other."""
    invoice = a_failed_invoice(world)

    world.stripe.other_engine_tries(invoice, Decline("do_not_honor"))

    request = world.stripe.last_event("invoice.payment_failed", invoice)["request"]
    assert (True, f"other:{invoice}") == (request["id"].startswith("req_"), request["idempotency_key"])
    assert ("engine", "do_not_honor") == (world.log[-1].data["origin"], world.log[-1].data["decline_code"])


def test_the_customers_own_try_comes_without_a_request(world: ProviderWorld) -> None:
    """R8: as Stripe's own attempts do."""
    invoice = a_failed_invoice(world)

    world.stripe.customer_tries(invoice, outcome=Decline("lost_card"))

    assert {"id": None, "idempotency_key": None} == world.stripe.last_event("invoice.payment_failed")["request"]
