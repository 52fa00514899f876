"""R18: which of Stripe's events are taken at all, and how those of old versions and of exporters are read."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.events import MethodChange
from gateways import stripe_events
from gateways.ports.trouble import NotFound
from gateways.provider_facts import (
    ForeignEvent,
    InvoiceAltered,
    MalformedEvent,
    MethodChanged,
    PaymentFailed,
    PaymentSucceeded,
)
from gateways.stripe_origin import Served
from gateways.stripe_payments import StripePayments
from sandbox.providers.journal import Json
from sandbox.providers.world import ProviderWorld
from tests.cases import a_failed_invoice, failed
from tests.gateways.test_stripe_events import event

TEST, LIVE = Served(live=False), Served(live=True)


@pytest.fixture
def failure(world: ProviderWorld) -> Json:
    return failed(world, a_failed_invoice(world)[0])


@pytest.mark.parametrize(
    ("key", "live"),
    [
        ("sk_live_51Ab_test_x", True),
        ("rk_live_1", True),
        ("sk_test_sandbox", False),
        ("rk_test_1", False),
        ("sk_org_live_1", True),
        ("something", None),
    ],
)
def test_a_key_tells_its_mode(key: str, live: bool | None) -> None:
    assert live is Served.by(key, None).live


def test_an_event_of_the_other_mode_is_not_taken(world: ProviderWorld, failure: Json) -> None:
    """In both directions, and with its reason."""
    live = world.stripe.shapes.in_live_mode(failure)

    with pytest.raises(ForeignEvent, match="it is a live event, and STRIPE_API_KEY is a test key"):
        stripe_events.read(live, TEST)
    with pytest.raises(ForeignEvent, match="it is a test event, and STRIPE_API_KEY is a live key"):
        stripe_events.read(failure, LIVE)
    assert isinstance(stripe_events.read(live, LIVE), PaymentFailed)
    assert isinstance(stripe_events.read(failure, TEST), PaymentFailed)


def test_the_mode_may_stand_only_in_the_object(world: ProviderWorld, failure: Json) -> None:
    live = world.stripe.shapes.in_live_mode(failure)
    del live["livemode"]

    with pytest.raises(ForeignEvent):
        stripe_events.read(live, TEST)


@pytest.mark.parametrize("field", ["account", "context"])
def test_a_connected_accounts_event_is_taken_only_where_the_setting_names_it(failure: Json, field: str) -> None:
    """And then nothing of the platform's own, nor of a third account."""
    other = {**failure, field: "acct_1Other"}
    serving = Served(account="acct_1Other")

    with pytest.raises(ForeignEvent, match="of the connected account acct_1Other, and STRIPE_ACCOUNT names none"):
        stripe_events.read(other)
    assert isinstance(stripe_events.read(other, serving), PaymentFailed)
    with pytest.raises(ForeignEvent, match="of the key's own account, and STRIPE_ACCOUNT names acct_1Other"):
        stripe_events.read(failure, serving)
    with pytest.raises(ForeignEvent, match="acct_1Third"):
        stripe_events.read({**failure, field: "acct_1Third"}, serving)


def test_milliseconds_are_read_as_such(world: ProviderWorld, failure: Json) -> None:
    """As some exporters write them."""
    facts = [stripe_events.read(one) for one in (failure, world.stripe.shapes.in_milliseconds(failure))]

    assert facts[0].at == facts[1].at == datetime.fromtimestamp(failure["created"], UTC)


@pytest.mark.parametrize("created", [-1, 2**63, 10**30, 5_000_000_000, 10**15, 1.5e9, float("inf"), True, "1790000000"])
def test_a_time_that_cannot_be_one_is_refused(failure: Json, created: object) -> None:
    """In one sentence."""
    with pytest.raises(MalformedEvent, match="Its 'created' is not a Unix time in seconds"):
        stripe_events.read({**failure, "created": created})


def test_an_event_without_status_is_a_hint(world: ProviderWorld, failure: Json) -> None:
    """Before 2018-11-08: it names the invoice, which is then read."""
    old = world.stripe.shapes.before_status(failure)

    fact = stripe_events.read(old)
    paid = stripe_events.read({**old, "type": "invoice.payment_succeeded"})
    closed = stripe_events.read(event("invoice.updated", old["data"]["object"], closed=False))

    assert isinstance(fact, PaymentFailed)
    assert fact.customer is not None
    assert old["data"]["object"]["id"] == fact.invoice_id
    assert isinstance(paid, PaymentSucceeded)
    assert isinstance(closed, InvoiceAltered)
    assert paid.invoice is closed.invoice is None


def test_expanded_references_say_the_same(world: ProviderWorld, failure: Json) -> None:
    expanded = stripe_events.read(world.stripe.shapes.expanded(failure))
    fact = stripe_events.read(failure)

    assert isinstance(expanded, PaymentFailed)
    assert isinstance(fact, PaymentFailed)
    assert (fact.invoice_id, fact.customer) == (expanded.invoice_id, expanded.customer)


@pytest.mark.parametrize("kind", ["invoice.payment_failed", "invoice.paid", "invoice.updated", "invoice.voided"])
def test_the_id_is_enough(kind: str) -> None:
    """All that an event leaves out is read."""
    assert "in_1" == stripe_events.read(event(kind, {"id": "in_1", "object": "invoice"})).invoice_id


def test_a_new_method_of_an_invoice_needs_no_customer() -> None:
    fact = stripe_events.read(
        event("invoice.updated", {"id": "in_1", "default_payment_method": "pm_2"}, default_payment_method="pm_1")
    )

    assert isinstance(fact, MethodChanged)
    assert ("in_1", None, "pm_2", MethodChange.NEW) == (
        fact.invoice_id,
        fact.customer_id,
        fact.method_id,
        fact.change,
    )


@pytest.mark.parametrize("wrong", ["..", ".", " ", "x" * 256, 5, None])
def test_what_cannot_be_an_id_is_none(failure: Json, wrong: object) -> None:
    """One of dots alone would lead to another place of the API, one without end into no table."""
    with pytest.raises(MalformedEvent):
        stripe_events.read({**failure, "id": wrong})
    with pytest.raises(MalformedEvent):
        stripe_events.read(event("invoice.paid", {**failure["data"]["object"], "id": wrong}))


def test_a_connected_accounts_invoice_is_read_with_its_name(world: ProviderWorld) -> None:
    """With the setting every request is for that account; without it the account's ids are unknown."""
    customer = world.stripe.add_customer()
    world.stripe.give_to_account(customer, "acct_1Other")
    world.stripe.add_card(customer)
    invoice = world.stripe.fail_first_payment(customer, amount=1900)

    def payments(account: str | None) -> StripePayments:
        return StripePayments(world.stripe.api_key, world.stripe_url, timedelta(seconds=5), account)

    assert invoice == payments("acct_1Other").read_invoice(invoice).id
    with pytest.raises(NotFound):
        payments(None).read_invoice(invoice)
