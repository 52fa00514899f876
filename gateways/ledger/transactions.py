"""Reading and writing, for all books of the ledger: who waits for whom, and what a missing case is called."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc

from gateways.ledger.database import begin_sqlite, open_database, trouble
from gateways.ports.trouble import NotFound

_FOREIGN_KEY_VIOLATION = "23503"  # PostgreSQL's SQLSTATE

_TURN_SECONDS = 30
"""How long a thread waits for its turn to write. Longer than one writer may wait for the file: with many threads in
hand, as the intake has, several of those waits come one after the other."""

_turns: dict[str, threading.Lock] = {}
_turns_guard = threading.Lock()


class Database:
    """The ledger's database, shared by its books and by threads."""

    def __init__(self, url: str) -> None:
        # One listener would cost each statement a third of its time.
        self._engine = open_database(url, begin_by_hand=True)
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        self._turn = _turn_at(self._engine.url) if self._is_sqlite else None

    def close(self) -> None:
        """Gives back the connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """For one statement that reads. Raises ProviderTrouble when the database does not answer."""
        with trouble(), self._engine.connect() as connection:
            # One statement is a transaction by itself: it is read without BEGIN and COMMIT.
            yield connection if self._is_sqlite else connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """For several statements that read, all of one moment; nobody waits for them. Raises as `reading` does."""
        with trouble(), self._engine.connect() as connection:
            if self._is_sqlite:
                begin_sqlite(connection, writes=False)
                yield connection
            else:
                yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def writing(self, of: str | None = None) -> Iterator[sa.Connection]:
        """One transaction. Raises ProviderTrouble as `reading` does.

        of: the invoice whose case the rows belong to; without such a case the foreign key raises NotFound.
        """
        with trouble(), self._in_turn():
            try:
                with self._engine.begin() as connection:
                    if self._is_sqlite:
                        begin_sqlite(connection, writes=True)
                    yield connection
            except exc.IntegrityError as error:
                if of is None or not _breaks_reference(error):
                    raise
                raise no_case(of) from None

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Lets one thread of this process write at a time.

        SQLite has one writer, and whoever waits for the file sleeps and asks again, in no order: of 64 threads some
        waited until they gave up.
        """
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=_TURN_SECONDS):
            raise TimeoutError
        try:
            yield
        finally:
            self._turn.release()


class Book:
    """One aggregate's part of the ledger. Books share one database."""

    def __init__(self, database: Database) -> None:
        self._database = database


def no_case(invoice_id: str) -> NotFound:
    return NotFound(f"The ledger has no case of invoice {invoice_id}: start the case through starter.py.")


def _breaks_reference(error: exc.IntegrityError) -> bool:
    return (
        getattr(error.orig, "sqlstate", None) == _FOREIGN_KEY_VIOLATION
        or getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
    )


def _turn_at(url: sa.URL) -> threading.Lock:
    """The lock of the file, one for all ledgers that this process opens on it."""
    with _turns_guard:
        return _turns.setdefault(str(Path(url.database or "").resolve()), threading.Lock())
