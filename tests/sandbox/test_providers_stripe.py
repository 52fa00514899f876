"""The Stripe stand-in answers the real SDK as Stripe does."""

import threading
from collections.abc import Iterator
from itertools import islice

import httpx
import pytest
import stripe

from sandbox.providers.stripe_outcomes import (
    APPROVE,
    AUTHENTICATION_REQUIRED,
    PROCESSING,
    Decline,
)
from sandbox.providers.world import ProviderWorld

INSUFFICIENT_FUNDS = Decline("insufficient_funds", network_decline_code="51")


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


def a_client(world: ProviderWorld, key: str | None = None) -> stripe.StripeClient:
    return stripe.StripeClient(
        key or world.stripe.api_key, base_addresses={"api": world.stripe_url}, max_network_retries=0
    )


def a_failed_invoice(world: ProviderWorld, *later: Decline, amount: int = 1900) -> str:
    """An invoice whose first payment failed for lack of funds; its card answers `later` and then approves."""
    customer = world.stripe.add_customer(metadata={"time_zone": "Asia/Bangkok"})
    world.stripe.add_card(customer, behaviour=[INSUFFICIENT_FUNDS, *later, APPROVE])
    return world.stripe.fail_first_payment(customer, amount=amount, currency="usd")


def charges(world: ProviderWorld, invoice: str, kind: str = "charge.succeeded") -> int:
    """How many charges of that kind were executed on the invoice by API calls."""
    return sum(
        entry.kind == kind and entry.subjects["invoice"] == invoice and entry.data["origin"] == "api"
        for entry in world.log
    )


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


def test_the_same_key_replays_the_same_decline(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """A stored 402 is replayed even though the card would approve now: a retry needs a new key."""
    invoice = a_failed_invoice(world, INSUFFICIENT_FUNDS)

    replies = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refused:
            client.v1.invoices.pay(invoice, {"off_session": True}, {"idempotency_key": f"dun:{invoice}:1"})
        replies.append(refused.value)

    first, second = replies
    assert first.http_body == second.http_body
    assert (None, "true") == tuple((r.headers or {}).get("idempotent-replayed") for r in replies)
    assert 1 == charges(world, invoice, "charge.failed")
    assert (
        "paid" == client.v1.invoices.pay(invoice, {"off_session": True}, {"idempotency_key": f"dun:{invoice}:2"}).status
    )


def test_a_key_with_other_parameters_is_refused(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """A key belongs to one request: other parameters or another endpoint are an error."""
    invoice = a_failed_invoice(world)
    client.v1.invoices.pay(invoice, {"off_session": True}, {"idempotency_key": f"dun:{invoice}:1"})

    with pytest.raises(stripe.IdempotencyError):
        client.v1.invoices.pay(invoice, {"off_session": False}, {"idempotency_key": f"dun:{invoice}:1"})
    with pytest.raises(stripe.IdempotencyError):
        client.v1.invoices.void_invoice(invoice, {}, {"idempotency_key": f"dun:{invoice}:1"})

    assert 1 == charges(world, invoice)


def test_a_key_that_is_still_in_use_is_a_conflict(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """While the first request runs, the second one with its key gets 409; afterwards it gets the first's answer."""
    invoice = a_failed_invoice(world)
    held = world.faults.add("stripe", "POST .*/pay", "hold_before")
    first: list[stripe.Invoice] = []

    def pay() -> None:
        first.append(a_client(world).v1.invoices.pay(invoice, {}, {"idempotency_key": f"dun:{invoice}:1"}))

    thread = threading.Thread(target=pay)
    thread.start()
    assert held.reached.wait(5)
    with pytest.raises(stripe.APIError) as refused:
        client.v1.invoices.pay(invoice, {}, {"idempotency_key": f"dun:{invoice}:1"})
    held.release()
    thread.join(5)

    assert refused.value.error is not None
    assert (409, "idempotency_key_in_use") == (refused.value.http_status, refused.value.error.code)
    assert first[0].to_dict() == client.v1.invoices.pay(invoice, {}, {"idempotency_key": f"dun:{invoice}:1"}).to_dict()
    assert 1 == charges(world, invoice)


def test_an_answer_that_got_lost_is_replayed_without_a_second_charge(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """Charged, then the line went dead: the same key brings the answer and no further charge."""
    invoice = a_failed_invoice(world)
    world.faults.add("stripe", "POST .*/pay", "timeout_after")

    with pytest.raises(stripe.APIConnectionError):
        client.v1.invoices.pay(invoice, {}, {"idempotency_key": f"dun:{invoice}:1"})

    assert "paid" == client.v1.invoices.retrieve(invoice).status
    assert "paid" == client.v1.invoices.pay(invoice, {}, {"idempotency_key": f"dun:{invoice}:1"}).status
    assert 1 == charges(world, invoice)


def test_a_request_that_never_arrived_charges_nothing(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """The connection broke on the way in: the same key is free and the retry executes."""
    invoice = a_failed_invoice(world)
    world.faults.add("stripe", "POST .*/pay", "timeout_before")

    with pytest.raises(stripe.APIConnectionError):
        client.v1.invoices.pay(invoice, {}, {"idempotency_key": f"dun:{invoice}:1"})

    assert 0 == charges(world, invoice)
    assert "paid" == client.v1.invoices.pay(invoice, {}, {"idempotency_key": f"dun:{invoice}:1"}).status


def test_a_server_error_after_execution_stays_under_its_key(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """Stripe stores a 500 once execution began: only a look at the invoice tells that it was paid."""
    invoice = a_failed_invoice(world)
    world.faults.add("stripe", "POST .*/pay", "500_after")

    for _ in range(2):
        with pytest.raises(stripe.APIError) as broken:
            client.v1.invoices.pay(invoice, {}, {"idempotency_key": f"dun:{invoice}:1"})
        assert 500 == broken.value.http_status

    assert "paid" == client.v1.invoices.retrieve(invoice).status
    assert 1 == charges(world, invoice)


def test_rate_limit_names_the_wait_and_is_not_stored(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """429 carries Retry-After, and the same key may be tried again."""
    invoice = a_failed_invoice(world)
    world.faults.add("stripe", "POST .*/pay", "429", retry_after=7)

    with pytest.raises(stripe.RateLimitError) as limited:
        client.v1.invoices.pay(invoice, {}, {"idempotency_key": f"dun:{invoice}:1"})

    assert "7" == (limited.value.headers or {})["retry-after"]
    assert "paid" == client.v1.invoices.pay(invoice, {}, {"idempotency_key": f"dun:{invoice}:1"}).status


def test_malformed_answer_is_an_api_error(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """Half a JSON body is trouble on the way, not a result."""
    invoice = a_failed_invoice(world)
    world.faults.add("stripe", "GET .*/invoices", "malformed")

    with pytest.raises(stripe.APIError):
        client.v1.invoices.retrieve(invoice)

    assert "open" == client.v1.invoices.retrieve(invoice).status


def test_unknown_objects_are_404(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """`resource_missing`, with the parameter that named it."""
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.invoices.retrieve("in_nowhere")

    assert (404, "resource_missing", "invoice") == (
        missing.value.http_status,
        missing.value.code,
        missing.value.param,
    )
    assert "No such invoice: 'in_nowhere'" == missing.value._message


@pytest.mark.parametrize("key", ["sk_test_wrong_key_0000"])
def test_a_wrong_key_is_401(world: ProviderWorld, key: str) -> None:
    """The key is not echoed in full."""
    with pytest.raises(stripe.AuthenticationError) as refused:
        a_client(world, key).v1.invoices.retrieve("in_nowhere")

    assert 401 == refused.value.http_status
    assert key not in str(refused.value)


def test_basic_authentication_works_too(world: ProviderWorld) -> None:
    """curl -u KEY: is Stripe's other way in."""
    invoice = a_failed_invoice(world)

    reply = httpx.get(f"{world.stripe_url}/v1/invoices/{invoice}", auth=(world.stripe.api_key, ""))

    assert 200 == reply.status_code
    assert reply.headers["request-id"].startswith("req_")


def test_unknown_parameters_are_refused_and_not_stored(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """A validation error leaves the key free."""
    invoice = a_failed_invoice(world)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.invoices.pay(invoice, {"amount": 1}, {"idempotency_key": f"dun:{invoice}:1"})  # type: ignore[arg-type]

    assert "parameter_unknown" == refused.value.code
    assert "paid" == client.v1.invoices.pay(invoice, {}, {"idempotency_key": f"dun:{invoice}:1"}).status


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
    """The invoice is paid, nothing is charged."""
    invoice = a_failed_invoice(world)

    paid = client.v1.invoices.pay(invoice, {"paid_out_of_band": True})

    assert ("paid", 1900, 0) == (paid.status, paid.amount_paid_off_stripe, charges(world, invoice))


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
