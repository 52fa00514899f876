"""One stage for all stories of a test process: each story has a customer of its own."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import Client

from sandbox.machine.temporal_server import TemporalServer
from sandbox.play.stage import Scene, staged


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(
    temporal: TemporalServer, client: Client, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    """A worker, the stand-in world and an intake; `client` has registered the search attributes."""
    assert client.namespace == temporal.namespace
    async with staged(temporal.address, tmp_path_factory.mktemp("stage")) as stage:
        yield stage
