"""Keys of both kinds: Stripe's idempotency keys under all faults of the way, and its API keys."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import stripe

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


def test_a_500_that_did_nothing_is_replayed_for_its_key(world: ProviderWorld, client: stripe.StripeClient) -> None:
    """R6: stored although nothing was charged: only a new key can charge, after a look that found nothing."""
    invoice = a_failed_invoice(world)
    world.stripe.break_calls(f"POST /v1/invoices/{invoice}/pay")

    replies = []
    for _ in range(2):
        with pytest.raises(stripe.APIError) as broken:
            client.v1.invoices.pay(invoice, {}, {"idempotency_key": f"dun:{invoice}:1"})
        replies.append((broken.value.http_status, (broken.value.headers or {}).get("idempotent-replayed")))

    assert [(500, None), (500, "true")] == replies
    assert ("open", 0) == (client.v1.invoices.retrieve(invoice).status, charges(world, invoice))
    assert "paid" == client.v1.invoices.pay(invoice, {}, {"idempotency_key": f"dun:{invoice}:2"}).status


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


def test_a_key_is_forgotten_after_a_day() -> None:
    """Stripe prunes keys: after 24 hours the same key executes again, so only a look at the invoice protects."""
    now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    with ProviderWorld(clock=lambda: now) as world:
        invoice = a_failed_invoice(world, INSUFFICIENT_FUNDS, INSUFFICIENT_FUNDS)
        for hours in (0, 23, 25):
            now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC) + timedelta(hours=hours)
            with pytest.raises(stripe.CardError):
                a_client(world).v1.invoices.pay(invoice, {}, {"idempotency_key": f"dun:{invoice}:1"})

    assert 2 == charges(world, invoice, "charge.failed")


def test_calls_that_dunning_does_not_make_are_unknown(client: stripe.StripeClient) -> None:
    """A new call of the gateway needs a new endpoint here: the answer says where."""
    with pytest.raises(stripe.InvalidRequestError, match=r"add the endpoint to sandbox/providers/stripe_endpoints\.py"):
        client.v1.products.list()
