"""Subscriptions in the stand-in Stripe that renew soon, and what is announced of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.providers.journal import Json
from sandbox.providers.world import ProviderWorld

SOON = timedelta(days=3)


def a_renewal(
    world: ProviderWorld, *, expires: tuple[int, int] = (1, 2020), renews_in: timedelta = SOON, **customer: Any
) -> tuple[str, str, str]:
    """A subscription over 19.99 dollars that renews soon, its customer and its card."""
    stripe = world.stripe
    owner = stripe.add_customer(**customer)
    card = stripe.add_card(owner, exp_month=expires[0], exp_year=expires[1])
    subscription = stripe.add_subscription(owner, amount=1999, currency="usd")
    renews_at(world, subscription, datetime.now(UTC) + renews_in)
    return subscription, owner, card


def renews_at(world: ProviderWorld, subscription: str, at: datetime) -> None:
    """Moves the end of the period that runs."""
    world.stripe.store.objects[subscription]["items"]["data"][0]["current_period_end"] = int(at.timestamp())


def announced(world: ProviderWorld, subscription: str) -> Json:
    """The event by which Stripe announces the renewal."""
    world.stripe.announce_renewal(subscription)
    return world.stripe.last_event("invoice.upcoming")
