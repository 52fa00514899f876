"""One stand-in world and one worker for all tests of this folder: every test opens a case of its own in it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateways.ledger.database import upgrade_schema
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import Worker


@pytest.fixture(scope="session")
def shared_world() -> Iterator[ProviderWorld]:
    with ProviderWorld() as world:
        yield world


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a ledger with the newest schema."""
    folder = tmp_path_factory.mktemp("worker")
    upgrade_schema(f"sqlite:///{folder / 'ledger.db'}")
    return folder


@pytest.fixture(scope="session")
def shared_worker(shared_world: ProviderWorld, data_dir: Path) -> Iterator[Worker]:
    sa.event.listen(sa.Engine, "connect", keep_off_the_disk)
    worker = Worker(shared_world, data_dir)
    yield worker
    worker.close()
    sa.event.remove(sa.Engine, "connect", keep_off_the_disk)


@pytest.fixture
def world(shared_world: ProviderWorld) -> Iterator[ProviderWorld]:
    """The providers. A fault or a refusal that a test left over is gone after it."""
    yield shared_world
    shared_world.faults.clear()
    shared_world.twilio.relent()


@pytest.fixture
def worker(shared_worker: Worker, world: ProviderWorld) -> Worker:
    """A worker with correct settings."""
    return shared_worker


def keep_off_the_disk(connection: object, _record: object) -> None:
    """A test's database is thrown away: nothing has to survive a power cut."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")
