"""One stand-in world and one worker for all tests of this folder: every test opens a case of its own in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.providers.world import ProviderWorld
from tests.activities.builders import Worker
from tests.new_ledger import new_ledger


@pytest.fixture(scope="session")
def shared_world() -> Iterator[ProviderWorld]:
    with ProviderWorld() as world:
        yield world


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a ledger with the newest schema."""
    folder = tmp_path_factory.mktemp("worker")
    new_ledger(folder / "ledger.db")
    return folder


@pytest.fixture(scope="session")
def shared_worker(shared_world: ProviderWorld, data_dir: Path) -> Iterator[Worker]:
    worker = Worker(shared_world, data_dir)
    yield worker
    worker.close()


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
