"""The stand-in world for the gateways' tests: one per test, so that no test sees another one's money."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateways.ports.messages import Address
from gateways.stripe_payments import StripePayments
from sandbox.providers.world import ProviderWorld

RULES = Path(__file__).resolve().parents[2] / "policies" / "rules"
ADA = Address(customer_id="cus_ada", name="Ada Example", email="ada@example.com", phone="+14155550100")


@pytest.fixture
def world() -> Iterator[ProviderWorld]:
    with ProviderWorld() as world:
        yield world


@pytest.fixture
def payments(world: ProviderWorld) -> StripePayments:
    return StripePayments(world.stripe.api_key, world.stripe_url, timedelta(seconds=2))
