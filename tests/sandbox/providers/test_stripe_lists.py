"""Lists of the stand-in: pages, their bounds, and what is kept."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe

from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.stripe_account import a_client


class Clock:
    now = datetime(2030, 4, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


CLOCK = Clock()


@pytest.fixture
def world() -> Iterator[ProviderWorld]:
    with ProviderWorld(clock=CLOCK) as world:
        yield world


@pytest.fixture
def api(world: ProviderWorld) -> stripe.StripeClient:
    return a_client(world)


def invoices(world: ProviderWorld, count: int) -> list[str]:
    """So many open invoices, the newest first."""
    customer = world.stripe.add_customer()
    world.stripe.add_card(customer)
    return [world.stripe.add_invoice(customer, amount=100, currency="usd") for _ in range(count)][::-1]


def listed(api: stripe.StripeClient, path: str = "/v1/invoices", **params: Any) -> tuple[list[str], bool]:
    answer = api.raw_request("get", path, **params).data
    return [obj["id"] for obj in answer["data"]], answer["has_more"]


def test_pages_follow_each_other(world: ProviderWorld, api: stripe.StripeClient) -> None:
    ids = invoices(world, 5)

    assert (ids[:2], True) == listed(api, limit=2)
    assert (ids[2:4], True) == listed(api, limit=2, starting_after=ids[1])
    assert (ids[4:], False) == listed(api, limit=2, starting_after=ids[3])
    assert (ids[2:4], True) == listed(api, limit=2, ending_before=ids[4])
    assert (ids[:2], False) == listed(api, limit=2, ending_before=ids[2])


def test_an_invoice_that_was_paid_meanwhile_still_marks_its_place(
    world: ProviderWorld, api: stripe.StripeClient
) -> None:
    ids = invoices(world, 3)
    world.stripe.customer_pays(ids[0])

    assert (ids[1:], False) == listed(api, status="open", starting_after=ids[0])


@pytest.mark.parametrize(
    ("params", "what"),
    [
        ({"limit": 101}, "less than or equal to 100"),
        ({"limit": 0}, "greater than or equal to 1"),
        ({"limit": "ten"}, "Invalid integer"),
        ({"starting_after": "in_none"}, "No such invoice"),
        ({"starting_after": "in_1", "ending_before": "in_2"}, "only specify one"),
    ],
)
def test_what_is_no_page_is_refused(api: stripe.StripeClient, params: dict[str, Any], what: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=what):
        listed(api, **params)


def test_events_are_kept_for_thirty_days(
    world: ProviderWorld, api: stripe.StripeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoices(world, 1)
    before, _ = listed(api, "/v1/events", limit=100)
    monkeypatch.setattr(CLOCK, "now", CLOCK.now + timedelta(days=30, seconds=1))

    assert before
    assert ([], False) == listed(api, "/v1/events")


def test_events_are_listed_by_one_type_or_some(world: ProviderWorld, api: stripe.StripeClient) -> None:
    invoices(world, 1)

    some, _ = listed(api, "/v1/events", types=["invoice.finalized", "customer.created"])

    kinds = {event["id"]: event["type"] for event in world.stripe.events}
    assert {kinds[event] for event in some} <= {"invoice.finalized", "customer.created"}
    with pytest.raises(stripe.InvalidRequestError, match="only specify one"):
        listed(api, "/v1/events", type="a", types=["b"])
    with pytest.raises(stripe.InvalidRequestError, match="exceeded maximum 20"):
        listed(api, "/v1/events", types=[f"type.{number}" for number in range(21)])
