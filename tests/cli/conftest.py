"""What the tests of commands share."""

from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from sandbox.providers.stripe_outcomes import Decline
from sandbox.providers.world import ProviderWorld
from tests.cli.commands import Failed, Starter


@pytest.fixture
def starter(environment: dict[str, str]) -> Starter:
    """Runs one command in the test's environment; `env` overrides it."""

    def run(*words: str, stdin: str | None = None, env: dict[str, str | None] | None = None) -> Result:
        return CliRunner().invoke(app, words, input=stdin, env={**environment, **(env or {})})

    return run


@pytest.fixture
def failed(world: ProviderWorld, tmp_path: Path) -> Failed:
    suffix = uuid4().hex[:10]
    for name in ("Basil", "Old"):
        owner = world.stripe.add_customer("Ada Example", id_=f"cus_{suffix}{name}", email="ada@customers.example")
        world.stripe.add_card(owner, behaviour=Decline("insufficient_funds"))
        subscription = world.stripe.add_subscription(owner, amount=2000, currency="usd", id_=f"sub_{suffix}{name}")
        world.stripe.fail_first_payment(owner, amount=2000, id_=f"in_{suffix}{name}", subscription=subscription)
    return Failed(f"in_{suffix}Basil", f"cus_{suffix}Basil", suffix, tmp_path)
