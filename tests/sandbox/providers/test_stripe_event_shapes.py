"""The shapes in which an event of the Stripe stand-in may reach a merchant."""

import pytest
import stripe

from sandbox.providers.journal import Json
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.stripe_account import a_failed_invoice


@pytest.fixture
def failed(world: ProviderWorld) -> Json:
    return world.stripe.last_event("invoice.payment_failed", a_failed_invoice(world))


def test_invoices_of_old_versions_have_no_status(world: ProviderWorld, failed: Json) -> None:
    """R18: before 2018-11-08: `closed`, `paid` and `forgiven` in place of it, and `date` for `created`."""
    old = world.stripe.shapes.before_status(failed)

    invoice = old["data"]["object"]
    assert "2018-11-08" > old["api_version"]
    assert not {"status", "auto_advance", "created", "status_transitions", "payment_intent", "parent"} & invoice.keys()
    assert (False, False, False) == (invoice["closed"], invoice["paid"], invoice["forgiven"])
    assert failed["data"]["object"]["created"] == invoice["date"]
    assert ("sub_", "ch_") == (invoice["subscription"][:4], invoice["charge"][:3])


def test_references_may_be_expanded(world: ProviderWorld, failed: Json) -> None:
    """R18: an object in place of an id."""
    expanded = world.stripe.shapes.expanded(failed)["data"]["object"]

    assert failed["data"]["object"]["customer"] == expanded["customer"]["id"]
    assert "ada@example.com" == expanded["customer"]["email"]


def test_a_connected_accounts_event_names_the_account(world: ProviderWorld, failed: Json) -> None:
    """R18: a platform's own events have no `account`."""
    assert "acct_1Other" == world.stripe.shapes.of_account(failed, "acct_1Other")["account"]
    assert "account" not in failed


def test_test_events_say_so(world: ProviderWorld, failed: Json) -> None:
    """R18: `livemode` on the event and on its object."""
    live = world.stripe.shapes.in_live_mode(failed)

    assert (False, True) == (failed["livemode"], live["livemode"])
    assert (False, True) == tuple(e["data"]["object"]["livemode"] for e in (failed, live))


def test_a_live_account_says_so_in_everything_it_makes() -> None:
    """R18: objects and events; what was made before keeps its mode."""
    world = ProviderWorld()
    before = a_failed_invoice(world)

    world.stripe.go_live()

    invoice = a_failed_invoice(world)
    assert [False, True] == [world.stripe.get(id_)["livemode"] for id_ in (before, invoice)]
    assert world.stripe.last_event("invoice.payment_failed", invoice)["livemode"]


def test_another_accounts_invoice_is_unknown_without_its_header(
    world: ProviderWorld, client: stripe.StripeClient
) -> None:
    """R18: events of connected accounts reach the platform; its key alone does not read them."""
    customer = world.stripe.add_customer()
    world.stripe.give_to_account(customer, "acct_1Other")
    invoice = world.stripe.fail_first_payment(customer, amount=1900)

    assert "acct_1Other" == world.stripe.last_event("invoice.payment_failed", invoice)["account"]
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.invoices.void_invoice(invoice)
    read = client.v1.invoices.retrieve(invoice, {}, {"stripe_account": "acct_1Other"})

    assert (404, "resource_missing") == (missing.value.http_status, missing.value.code)
    assert (invoice, "open") == (read.id, read.status)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.retrieve(a_failed_invoice(world), {}, {"stripe_account": "acct_1Other"})


def test_some_exporters_write_milliseconds(world: ProviderWorld, failed: Json) -> None:
    """R18: Stripe itself writes seconds."""
    assert failed["created"] * 1000 == world.stripe.shapes.in_milliseconds(failed)["created"]


def test_hosted_links_are_as_long_as_real_ones(world: ProviderWorld, failed: Json) -> None:
    """R20: 150 to 170 characters, and no two invoices share one."""
    links = [failed["data"]["object"]["hosted_invoice_url"]]
    links.append(world.stripe.get(a_failed_invoice(world))["hosted_invoice_url"])

    assert all(150 <= len(link) <= 170 for link in links)
    assert links[0] != links[1]
    assert all(link.startswith("https://invoice.stripe.com/i/acct_") for link in links)
