"""Webhook endpoints of the Stripe stand-in, by Stripe's own SDK."""

from collections.abc import Iterator

import pytest
import stripe

from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.receiver import Receiver
from tests.sandbox.providers.stripe_account import a_failed_invoice


@pytest.fixture
def world() -> Iterator[ProviderWorld]:
    """A world of the test's own: an endpoint that another test has made would go on being told."""
    with ProviderWorld() as world:
        yield world


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


@pytest.fixture(autouse=True)
def _no_endpoint(world: ProviderWorld) -> None:
    world.stripe.webhooks.configure(None)


def test_the_secret_is_shown_when_the_endpoint_is_made_and_never_again(client: stripe.StripeClient) -> None:
    hooks = client.v1.webhook_endpoints

    made = hooks.create({"url": "https://a.example/hook", "enabled_events": ["invoice.paid"], "description": "ours"})

    assert made.secret
    assert made.secret.startswith("whsec_")
    assert ("enabled", ["invoice.paid"], "ours") == (made.status, made.enabled_events, made.description)
    assert getattr(hooks.retrieve(made.id), "secret", None) is None
    assert [made.id] == [one.id for one in hooks.list().data]
    assert getattr(hooks.list().data[0], "secret", None) is None


def test_an_endpoint_is_changed_disabled_and_deleted(client: stripe.StripeClient) -> None:
    hooks = client.v1.webhook_endpoints
    made = hooks.create({"url": "https://a.example/hook", "enabled_events": ["invoice.paid"]})

    changed = hooks.update(made.id, {"enabled_events": ["invoice.voided"], "disabled": True})

    assert ("disabled", ["invoice.voided"]) == (changed.status, changed.enabled_events)
    hooks.delete(made.id)
    with pytest.raises(stripe.InvalidRequestError, match="No such webhook endpoint"):
        hooks.retrieve(made.id)


def test_an_address_that_is_none_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.webhook_endpoints.create({"url": "ftp://a.example", "enabled_events": ["*"]})

    assert "url_invalid" == refused.value.code


def test_each_endpoint_gets_its_types_signed_with_its_own_secret(
    world: ProviderWorld, client: stripe.StripeClient, receiver: Receiver
) -> None:
    """A disabled one gets nothing."""
    hooks = client.v1.webhook_endpoints
    one = hooks.create({"url": receiver.url, "enabled_events": ["invoice.payment_failed"]})
    other = hooks.create({"url": receiver.url, "enabled_events": ["*"]})
    hooks.update(other.id, {"disabled": True})

    a_failed_invoice(world)

    assert world.outbox.flush()
    (request,) = receiver.requests
    header = request.headers["stripe-signature"]
    assert one.secret
    assert "invoice.payment_failed" == stripe.Webhook.construct_event(request.body, header, one.secret).type


def test_events_that_were_not_taken_are_listed_as_undelivered(
    world: ProviderWorld, client: stripe.StripeClient, receiver: Receiver
) -> None:
    """Only those that some endpoint wants."""
    client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["invoice.payment_failed"]})
    a_failed_invoice(world)
    assert world.outbox.flush()
    world.stripe.webhooks.configure("http://127.0.0.1:9/hook", types=["invoice.payment_failed"])

    missed = a_failed_invoice(world)

    failed = "invoice.payment_failed"
    listed = client.v1.events.list({"delivery_success": False, "type": failed}).data
    assert [missed] == [event.data.object["id"] for event in listed]
    others = client.v1.events.list({"delivery_success": True, "type": failed}).data
    assert others
    assert missed not in {event.data.object["id"] for event in others}


def test_a_restricted_key_is_refused_what_it_may_not_do(world: ProviderWorld, client: stripe.StripeClient) -> None:
    world.stripe.restrict("POST /v1/webhook_endpoints")

    with pytest.raises(stripe.PermissionError, match="does not have the required permissions"):
        client.v1.webhook_endpoints.create({"url": "https://a.example", "enabled_events": ["*"]})

    assert [] == client.v1.webhook_endpoints.list().data
    world.stripe.restrict(None)
