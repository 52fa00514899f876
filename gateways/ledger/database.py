"""How the ledger's database is opened and brought up to date: a SQLite file or PostgreSQL, by URL."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc

from gateways.ledger.schema import REVISION
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble

_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION = sa.table("alembic_version", sa.column("version_num"))
# Any number that no other program of the merchant uses as an advisory lock.
_UPGRADE_LOCK = 7_306_921_554
_BUSY_SECONDS = 5
_NO_ANSWER = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError, sqlite3.OperationalError, TimeoutError)


def open_database(url: str, *, hurry: bool = True, begin_by_hand: bool = False) -> sa.Engine:
    """An engine whose transactions are safe with several threads and processes, and which never waits for minutes.

    On SQLite a transaction that writes has to say so beforehand (execution option `writes`), so that it waits for
    its turn in place of failing half-way. With `begin_by_hand` no transaction begins there before `begin_sqlite`: each
    statement is one by itself. `hurry=False` leaves out the time-out of a single statement. Raises ProviderMisuse for a
    URL that is neither SQLite nor PostgreSQL.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "postgresql":
        from gateways.ledger.postgres import postgres_engine  # noqa: PLC0415 - SQLite needs no driver

        return postgres_engine(parsed, hurry=hurry)
    engine = sa.create_engine(
        parsed,
        connect_args={"timeout": _BUSY_SECONDS},
        # A connection for each thread that a worker is likely to have: opening one costs more than a read.
        pool_size=16,
        max_overflow=48,
        pool_timeout=_BUSY_SECONDS,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    if not begin_by_hand:
        event.listen(engine, "begin", _begin_as_told)
    return engine


def begin_sqlite(connection: sa.Connection, *, writes: bool) -> None:
    """Begins a transaction on SQLite. One that writes waits here until no other does."""
    driver = connection.connection.dbapi_connection
    assert driver is not None  # noqa: S101 - a connection that begins is open
    driver.cursor().execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def upgrade_schema(url: str) -> None:
    """Brings the database to the newest schema; creates the file and its folder. Safe to run twice and at once.

    Raises ProviderTrouble when the database does not answer, ProviderMisuse for a wrong URL.
    """
    from alembic import command  # noqa: PLC0415 - takes a fifth of a second, which a list of cases has no use for
    from alembic.config import Config  # noqa: PLC0415 - as above

    engine = open_database(url, hurry=False)
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    try:
        with trouble():
            if engine.dialect.name == "sqlite" and engine.url.database:
                Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
                _use_write_ahead_log(engine)
            with engine.execution_options(writes=True).begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
    finally:
        engine.dispose()


def schema_is_newer(url: str) -> bool:
    """Whether a later release than this one has brought the database up to date. Raises as `upgrade_schema` does."""
    version = _version(url)
    return version is not None and version.isdigit() and version > REVISION


def schema_is_current(url: str) -> bool:
    """Whether `upgrade_schema` has nothing to do. Creates nothing. Raises as `upgrade_schema` does."""
    return _version(url) == REVISION


def _version(url: str) -> str | None:
    """The schema's edition; None: there is none."""
    engine = open_database(url)
    try:
        if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").is_file():
            return None
        with trouble(), engine.connect() as connection:
            if not sa.inspect(connection).has_table(_VERSION.name):
                return None
            found = connection.execute(sa.select(_VERSION.c.version_num)).scalars().all()
            return str(found[0]) if len(found) == 1 else None
    finally:
        engine.dispose()


def place(url: str) -> str:
    """Where the ledger is, for people. Never a user, a password or an option of the URL. Raises ProviderMisuse."""
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return f"SQLite, {parsed.database or 'in memory'}"
    return f"PostgreSQL, {parsed.database} at {parsed.host or 'the default host'}"


@contextmanager
def trouble() -> Iterator[None]:
    """Turns a lost, busy or unreachable database into ProviderTrouble, which is retried."""
    try:
        yield
    except _NO_ANSWER as error:
        raise ProviderTrouble(
            f"The ledger's database does not answer ({type(error).__name__}): check that it runs and can be reached."
        ) from error
    except (exc.DatabaseError, sqlite3.DatabaseError) as error:
        cause = error.orig if isinstance(error, exc.DatabaseError) else error
        if getattr(cause, "sqlite_errorcode", None) != sqlite3.SQLITE_NOTADB:
            raise
        raise ProviderMisuse(
            "The ledger's file is no SQLite database: check DUNNING_DATABASE_URL, or move the file away."
        ) from error
    except OSError as error:
        raise ProviderMisuse(
            f"The ledger's folder cannot be used ({error.strerror}): check DUNNING_DATABASE_URL."
        ) from error


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
        backend = parsed.get_backend_name()
    except exc.ArgumentError:
        backend = ""
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite":
        return parsed
    # The URL is not repeated: it may hold a password.
    raise ProviderMisuse("The ledger's URL is wrong: use sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE.")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN comes too late and is never IMMEDIATE: `begin_sqlite` sends it instead.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")
    # A reservation that a power failure takes back could be made, and charged, once more. Some builds default to less.
    connection.execute("PRAGMA synchronous=FULL")


def _begin_as_told(connection: sa.Connection) -> None:
    begin_sqlite(connection, writes=connection.get_execution_options().get("writes", False))


def _use_write_ahead_log(engine: sa.Engine) -> None:
    """Lets readers go on while one process writes. The file remembers it.

    Of two processes that switch a new file at once SQLite refuses one without waiting, whatever its time-out.
    """
    give_up = time.monotonic() + _BUSY_SECONDS
    connection = engine.raw_connection()
    try:
        while True:
            try:
                connection.cursor().execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
            time.sleep(0.02)
    finally:
        connection.close()
