"""Builders for tests against the Stripe stand-in."""

import stripe

from sandbox.providers.stripe_outcomes import APPROVE, Decline
from sandbox.providers.world import ProviderWorld

INSUFFICIENT_FUNDS = Decline("insufficient_funds", network_decline_code="51")


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


def types_of(world: ProviderWorld, object_id: str) -> list[str]:
    """The types of all events about one object, in order."""
    return [event["type"] for event in world.stripe.events if event["data"]["object"].get("id") == object_id]
