"""A running stand-in world for a file of tests: each test makes its own customers."""

from collections.abc import Iterator

import pytest
import stripe

from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.stripe_account import a_client


@pytest.fixture(scope="module")
def running_world() -> Iterator[ProviderWorld]:
    with ProviderWorld() as started:
        yield started


@pytest.fixture
def world(running_world: ProviderWorld) -> Iterator[ProviderWorld]:
    """The file's world, without faults and without retries of Stripe's own."""
    yield running_world
    running_world.faults.clear()
    running_world.stripe.use_retries()


@pytest.fixture
def client(world: ProviderWorld) -> stripe.StripeClient:
    return a_client(world)
