"""The Stripe stand-in reads and collects invoices for the real SDK as Stripe does."""

from collections.abc import Iterator
from itertools import islice

import pytest
import stripe

from sandbox.providers.stripe_outcomes import APPROVE, AUTHENTICATION_REQUIRED, PROCESSING, Decline
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.stripe_account import INSUFFICIENT_FUNDS, a_client, a_failed_invoice, charges


@pytest.fixture(scope="module")
def running() -> Iterator[ProviderWorld]:
    with ProviderWorld() as started:
        yield started


@pytest.fixture
def world(running: ProviderWorld) -> Iterator[ProviderWorld]:
    """One server for all tests of this file: each makes its own customers."""
    yield running
    running.faults.clear()


@pytest.fixture
def client(world: ProviderWorld) -> stripe.StripeClient:
    return a_client(world)


def test_reads_the_reason_of_the_decline_through_expanded_payments(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """The current invoice has no payment_intent: the decline is reached through its payments."""
    invoice = a_failed_invoice(world)

    read = client.v1.invoices.retrieve(
        invoice,
        {"expand": ["payments.data.payment.payment_intent", "customer", "parent.subscription_details.subscription"]},
    ).to_dict()

    intent = read["payments"]["data"][0]["payment"]["payment_intent"]
    assert "insufficient_funds" == intent["last_payment_error"]["decline_code"]
    assert "51" == intent["last_payment_error"]["network_decline_code"]
    assert "Asia/Bangkok" == read["customer"]["metadata"]["time_zone"]
    assert "past_due" == read["parent"]["subscription_details"]["subscription"]["status"]
    assert ("open", 1900, 1) == (read["status"], read["amount_remaining"], read["attempt_count"])


def test_payments_are_absent_unless_expanded(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """`payments` is includable: a plain read leaves it out."""
    read = client.v1.invoices.retrieve(a_failed_invoice(world)).to_dict()

    assert "payments" not in read
    assert "payment_intent" not in read


def test_expanding_five_levels_is_refused(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """Stripe expands four levels, so the latest charge needs a second read."""
    invoice = a_failed_invoice(world)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.invoices.retrieve(invoice, {"expand": ["payments.data.payment.payment_intent.latest_charge"]})

    assert "property_expansion_max_depth" == refused.value.code


def test_lists_payments_and_charges(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """From the invoice to its payment intent, and from there to the charge with its outcome."""
    invoice = a_failed_invoice(world)

    payment = client.v1.invoice_payments.list({"invoice": invoice}).data[0]
    intent = str(payment.payment.payment_intent)
    charge = client.v1.charges.list({"payment_intent": intent}).data[0].to_dict()

    assert ("visa", "issuer_declined", "51") == (
        charge["payment_method_details"]["card"]["brand"],
        charge["outcome"]["type"],
        charge["outcome"]["network_decline_code"],
    )
    assert charge["id"] == client.v1.payment_intents.retrieve(intent).latest_charge
    assert "card_declined" == client.v1.charges.retrieve(charge["id"]).failure_code


def test_an_approved_payment_pays_the_invoice(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """Paying settles the invoice, wakes the subscription and announces all of it."""
    invoice = a_failed_invoice(world)

    paid = client.v1.invoices.pay(invoice, {"off_session": True}, {"idempotency_key": f"dun:{invoice}:1"})

    assert ("paid", 0, 1900) == (paid.status, paid.amount_remaining, paid.amount_paid)
    assert invoice == world.stripe.last_event("invoice.paid")["data"]["object"]["id"]
    assert f"dun:{invoice}:1" == world.stripe.last_event("invoice.paid")["request"]["idempotency_key"]
    subscription = world.stripe.last_event("customer.subscription.updated")["data"]["object"]
    assert "active" == client.v1.subscriptions.retrieve(subscription["id"]).status


def test_a_decline_is_a_402_with_all_its_codes(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """The card error carries the decline, the advice of issuer and network, the charge and the intent."""
    decline = Decline(
        "do_not_honor", advice_code="try_again_later", network_advice_code="02", network_decline_code="05"
    )
    invoice = a_failed_invoice(world, decline)

    with pytest.raises(stripe.CardError) as refused:
        client.v1.invoices.pay(invoice, {"off_session": True}, {"idempotency_key": f"dun:{invoice}:1"})

    error = refused.value.error
    assert error is not None
    assert (402, "card_declined") == (refused.value.http_status, refused.value.code)
    assert ("do_not_honor", "try_again_later") == (error.decline_code, error.advice_code)
    assert ("02", "05") == (error.network_advice_code, error.network_decline_code)
    assert error.payment_intent is not None
    assert error.charge == error.payment_intent.latest_charge
    assert "requires_payment_method" == error.payment_intent.status
    assert "open" == client.v1.invoices.retrieve(invoice).status
    noted = world.log[-1]
    assert ("do_not_honor", "02") == (noted.data["decline_code"], noted.data["network_advice"])


def test_a_manual_attempt_does_not_raise_attempt_count(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """attempt_count counts Stripe's own attempts only (rules.md 2.2)."""
    invoice = a_failed_invoice(world, INSUFFICIENT_FUNDS)

    with pytest.raises(stripe.CardError):
        client.v1.invoices.pay(invoice)

    assert 1 == client.v1.invoices.retrieve(invoice).attempt_count


def test_some_declines_have_an_error_code_of_their_own(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """An expired card is not `card_declined`."""
    invoice = a_failed_invoice(world, Decline("expired_card"))

    with pytest.raises(stripe.CardError) as refused:
        client.v1.invoices.pay(invoice)

    assert "expired_card" == refused.value.code


def test_a_payment_blocked_by_risk_rules_never_reached_the_network(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """A block shows in the charge's outcome, not in the decline code."""
    invoice = a_failed_invoice(world, Decline("generic_decline", blocked=True))

    with pytest.raises(stripe.CardError) as refused:
        client.v1.invoices.pay(invoice)

    assert refused.value.error is not None
    outcome = client.v1.charges.retrieve(str(refused.value.error.charge)).outcome
    assert outcome is not None
    assert ("blocked", "not_sent_to_network", "highest_risk_level") == (
        outcome.type,
        outcome.network_status,
        outcome.reason,
    )


def test_authentication_required_makes_no_charge(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """A 3-D Secure request is a 402 of its own; the payment goes through when the customer authenticates."""
    customer = world.stripe.add_customer()
    world.stripe.add_card(customer, behaviour=AUTHENTICATION_REQUIRED)
    invoice = world.stripe.fail_first_payment(customer, amount=500)

    with pytest.raises(stripe.CardError) as refused:
        client.v1.invoices.pay(invoice, {"off_session": True})

    assert "invoice_payment_intent_requires_action" == refused.value.code
    assert [] == client.v1.charges.list({"customer": customer}).data
    assert world.stripe.last_event("invoice.payment_action_required", invoice)
    world.stripe.customer_authenticates(invoice)
    assert "paid" == client.v1.invoices.retrieve(invoice).status


def test_a_soft_decline_for_authentication_can_be_authenticated(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """The issuer's own `authentication_required` decline ends the same way."""
    invoice = a_failed_invoice(world, Decline("authentication_required", network_decline_code="1A"))

    with pytest.raises(stripe.CardError) as refused:
        client.v1.invoices.pay(invoice, {"off_session": True})

    assert "authentication_required" == refused.value.code
    world.stripe.customer_authenticates(invoice)
    assert "paid" == client.v1.invoices.retrieve(invoice).status


@pytest.mark.parametrize(
    ("result", "status"), [(APPROVE, "paid"), (Decline("debit_not_authorized"), "open")], ids=["cleared", "returned"]
)
def test_a_bank_debit_is_processing_until_the_bank_answers(
    world: ProviderWorld, client: stripe.StripeClient, result: Decline, status: str
) -> None:
    """A pending debit leaves the invoice open, refuses a second one, and is decided later."""
    customer = world.stripe.add_customer(country="DE")
    world.stripe.add_bank_debit(customer, behaviour=PROCESSING)
    invoice = world.stripe.add_invoice(customer, amount=2900, currency="eur")

    assert "open" == client.v1.invoices.pay(invoice).status
    assert world.stripe.last_event("payment_intent.processing")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.invoices.pay(invoice)
    assert "payment_intent_unexpected_state" == refused.value.code
    world.stripe.finish_processing(invoice, result)
    assert status == client.v1.invoices.retrieve(invoice).status


def test_a_paid_or_void_invoice_cannot_be_paid(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """400, and no charge."""
    paid, void = a_failed_invoice(world), a_failed_invoice(world)
    client.v1.invoices.pay(paid)
    client.v1.invoices.void_invoice(void)

    messages = []
    for invoice in (paid, void):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.invoices.pay(invoice)
        messages.append(refused.value._message)

    assert ["Invoice is already paid", "This invoice can no longer be paid"] == messages
    assert (1, 0) == (charges(world, paid), charges(world, void))
    assert [1, 1] == [charges(world, invoice, "charge.refused") for invoice in (paid, void)]


def test_without_a_payment_method_there_is_nothing_to_charge(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """An invoice request error, not a decline."""
    invoice = world.stripe.add_invoice(world.stripe.add_customer(), amount=100)

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.pay(invoice)


def test_the_payment_method_of_the_request_wins(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """request, then invoice, then subscription, then customer."""
    invoice = a_failed_invoice(world)
    customer = world.stripe.get(invoice)["customer"]
    other = world.stripe.add_card(customer, brand="mastercard", last4="4444", default=False)

    client.v1.invoices.pay(invoice, {"payment_method": other})

    assert "mastercard" == world.log[-2].data["brand"]
    assert other == world.log[-2].subjects["payment_method"]


def test_paying_out_of_band_moves_no_money(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """The invoice is paid, nothing is charged. How much came in elsewhere is told only when it is asked for."""
    invoice = a_failed_invoice(world)

    paid = client.v1.invoices.pay(invoice, {"paid_out_of_band": True})

    asked = client.v1.invoices.retrieve(invoice, {"expand": ["amount_paid_off_stripe"]})
    assert ("paid", 1900, 0) == (paid.status, paid.amount_paid, charges(world, invoice))
    assert 1900 == asked.amount_paid_off_stripe
    assert "amount_paid_off_stripe" not in paid.to_dict()
    assert "amount_paid_off_stripe" not in world.stripe.last_event("invoice.paid", invoice)["data"]["object"]


def test_write_off_and_cancellation(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """Mark uncollectible once, cancel the subscription once; the second time is an error."""
    invoice = a_failed_invoice(world)
    subscription = world.stripe.get(invoice)["parent"]["subscription_details"]["subscription"]

    assert "uncollectible" == client.v1.invoices.mark_uncollectible(invoice).status
    assert "canceled" == client.v1.subscriptions.cancel(subscription).status

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.mark_uncollectible(invoice)
    with pytest.raises(stripe.InvalidRequestError) as gone:
        client.v1.subscriptions.cancel(subscription)
    assert 404 == gone.value.http_status


def test_lists_events_newest_first_page_by_page(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """The SDK's own paging walks through all events of a type."""
    invoices = [a_failed_invoice(world) for _ in range(3)]

    listed = client.v1.events.list({"type": "invoice.payment_failed", "limit": 2})

    newest = islice(listed.auto_paging_iter(), 3)
    assert list(reversed(invoices)) == [event.data.object["id"] for event in newest]
