"""What every ring above the pure tests shares: a real Temporal server, the stand-in providers, a ledger.

`temporal` and `client` live as long as the test process (with xdist each has its own server); `world`, `ledger` and
`task_queue` belong to one test, so that no test sees another one's money or workflows.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from temporalio.client import Client

from domain.declines import DeclineTable
from gateways.ledger.sql_ledger import SqlLedger
from gateways.policy_files import PolicyStore
from gateways.stripe_origin import Served
from runtime import wiring
from runtime.set_up import register_search_attributes
from runtime.settings import Settings
from runtime.temporal import connect
from sandbox.machine.environment import stand_in_environment
from sandbox.machine.temporal_server import TemporalServer, start_temporal
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from tests.new_ledger import new_ledger, off_the_disk

# One profile for every property, whichever tests are run: the same examples on each run, a bounded effort, and no
# deadline, which a busy machine would miss.
hypothesis_settings.register_profile(
    "dunning",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=30,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("dunning")


_LONG = ("tests/stories/", "tests/sandbox/", "tests/lives/", "tests/web/test_odd_requests.py")
"""Where the tests are that take more than some seconds."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: of several processes none is left with one of them when the others have nothing to do."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


def pytest_sessionfinish() -> None:
    """Gives the threads of temporalio 1.35 time to end: the interpreter can crash at its exit after a worker ran."""
    time.sleep(0.5)


@pytest.fixture(scope="session", autouse=True)
def _ledgers_are_thrown_away() -> Iterator[None]:
    with off_the_disk():
        yield


@pytest.fixture(scope="session")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    """A real server that can skip time, without web UI."""
    folder = tmp_path_factory.mktemp("temporal")
    with start_temporal(data_dir=folder, time_skipping=True, ui=False, say=lambda _: None) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client(temporal: TemporalServer) -> Client:
    """A client of the server with the product's own converter; the search attributes are registered."""
    return await prepared_client(temporal.address)


async def prepared_client(address: str) -> Client:
    """A client of the server at `address`, where the search attributes are registered by now."""
    client = await connect(Settings(temporal_address=address))
    await register_search_attributes(client)
    return client


@pytest.fixture
def world() -> Iterator[ProviderWorld]:
    """All providers, empty."""
    with ProviderWorld() as world:
        yield world


@pytest.fixture
def task_queue() -> str:
    """A queue of this test's own: a worker polls it only if the test starts one."""
    return f"dunning-{uuid4().hex[:12]}"


@pytest.fixture
def environment(temporal: TemporalServer, world: ProviderWorld, task_queue: str, tmp_path: Path) -> dict[str, str]:
    """The variables that point worker and starter at this test's server, queue, stand-ins and ledger."""
    return {**stand_in_environment(temporal.address, world, tmp_path), "DUNNING_TASK_QUEUE": task_queue}


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """The same variables as settings, for code in this process."""
    return Settings.model_validate({name.lower(): value for name, value in environment.items()})


@pytest.fixture
def ledger(settings: Settings, tmp_path: Path) -> Iterator[SqlLedger]:
    """An empty ledger in a SQLite file."""
    assert new_ledger(tmp_path / "ledger.db") == settings.dunning_database_url
    ledger = wiring.open_ledger(settings)
    yield ledger
    ledger.close()


@pytest.fixture(scope="session")
def policies() -> PolicyStore:
    """The shipped policies."""
    return wiring.policy_store(Settings())


@pytest.fixture(scope="session")
def declines() -> DeclineTable:
    """The shipped decline table."""
    return wiring.decline_table(Settings())


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """The intake's clock: the real time, like the stand-ins'."""
    return lambda: datetime.now(UTC)


@pytest.fixture
def intake(
    client: Client,
    task_queue: str,
    settings: Settings,
    ledger: SqlLedger,
    policies: PolicyStore,
    declines: DeclineTable,
    clock: Callable[[], datetime],
) -> Iterator[Intake]:
    """The way in, with everything real but the providers."""
    payments = wiring.stripe_payments(settings)
    served = Served.by(settings.stripe_secret, settings.stripe_account)
    with closing(Intake(client, task_queue, ledger, payments, policies, declines, clock, served=served)) as intake:
        yield intake
