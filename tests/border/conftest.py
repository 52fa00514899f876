"""The way in with everything real, as far as bytes become facts: nobody is asked anything before."""

from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from temporalio.client import Client

from domain.declines import DeclineTable
from gateways.ledger.sql_ledger import SqlLedger
from gateways.policy_files import PolicyStore
from gateways.stripe_origin import Served
from gateways.stripe_payments import StripePayments
from service.intake import Intake

NOWHERE = "127.0.0.1:1"
NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def reading(
    tmp_path_factory: pytest.TempPathFactory, policies: PolicyStore, declines: DeclineTable
) -> AsyncIterator[Intake]:
    """An intake that can only read: its ledger is empty, and neither Temporal nor Stripe is there."""
    client = await Client.connect(NOWHERE, lazy=True)
    payments = StripePayments("sk_test_1", f"http://{NOWHERE}", timedelta(seconds=1))
    served = Served(live=False)
    with (
        closing(SqlLedger(f"sqlite:///{tmp_path_factory.mktemp('border') / 'ledger.db'}")) as ledger,
        closing(Intake(client, "none", ledger, payments, policies, declines, lambda: NOW, served=served)) as intake,
    ):
        yield intake
