"""A database that is busy, slow or silent costs a call some seconds, never minutes, and is trouble to be retried."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from domain.gates import ALLOW, Answer
from domain.rules.uses import MethodUse, NextCharge
from gateways.ledger import database, postgres, transactions
from gateways.ledger.database import open_database
from gateways.ledger.postgres import ImpatientConnection
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import CaseRow, Page
from gateways.ports.trouble import ProviderTrouble
from tests.gateways.ledger.builders import FREE, NOW, Rules, an_attempt, open_case, with_database
from tests.new_ledger import new_ledger


class Meanwhile(Rules):
    """Rules that do something while the reservation has its locks, and then allow it."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act

    def ask(self, charge: NextCharge, uses: Sequence[MethodUse]) -> Answer:  # noqa: ARG002
        self._act()
        return ALLOW


@contextmanager
def short(monkeypatch: pytest.MonkeyPatch, seconds: float) -> Iterator[None]:
    """Gives up after so long, and holds the test to it."""
    monkeypatch.setattr(database, "_BUSY_SECONDS", seconds)
    monkeypatch.setattr(postgres, "STATEMENT_SECONDS", seconds)
    monkeypatch.setattr(ImpatientConnection, "longest_wait", 2 * seconds)
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 10


@pytest.fixture
def postgres_url(postgres: str) -> str:
    return with_database(postgres, "ledger")


def test_threads_of_one_process_write_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also through two ledgers on one file, by whatever path: the second waits for the turn, not for the file."""
    new_ledger(tmp_path / "ledger.db")
    (tmp_path / "by").mkdir()
    one, other = SqlLedger(f"sqlite:///{tmp_path / 'ledger.db'}"), SqlLedger(f"sqlite:///{tmp_path}/by/../ledger.db")
    open_case(one)
    refused: list[Future[object]] = []

    def write_elsewhere() -> None:
        monkeypatch.setattr(transactions, "_TURN_SECONDS", 0.01)
        with ThreadPoolExecutor(1) as pool:
            refused.append(pool.submit(other.mark_open, "in_1"))

    one.begin_attempt(an_attempt(), Meanwhile(write_elsewhere))

    with pytest.raises(ProviderTrouble, match=r"\(TimeoutError\)"):
        refused[0].result()
    other.mark_open("in_1")
    one.close()
    other.close()


def test_readers_do_not_wait_for_a_writer(ledger: SqlLedger) -> None:
    """A list or a report is read while a charge is being reserved."""
    read: list[Page[CaseRow]] = []

    with ThreadPoolExecutor(1) as pool:
        ledger.begin_attempt(an_attempt(), Meanwhile(lambda: read.append(pool.submit(ledger.cases).result(timeout=5))))

    assert [["in_1"]] == [[row.invoice_id for row in page.rows] for page in read]


def test_a_lock_that_is_not_given_back_is_trouble(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another transaction on the card stands still; the server ends our waiting."""
    with short(monkeypatch, 1):
        ledger = SqlLedger(postgres_url)
        open_case(ledger, "in_locked")
        second = an_attempt(2, "in_locked", fingerprint="card_locked")
        first = second.model_copy(update={"attempt": 1})

        def reserve_elsewhere() -> None:
            with pytest.raises(ProviderTrouble, match="does not answer"), ThreadPoolExecutor(1) as pool:
                pool.submit(ledger.begin_attempt, second, FREE).result()

        ledger.begin_attempt(first, Meanwhile(reserve_elsewhere))

    assert [1] == [row.attempt for row in ledger.attempts_of("in_locked")]
    ledger.close()


def test_a_server_that_accepts_and_never_answers_is_trouble() -> None:
    """The connection is made, and nobody says anything."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ledger = SqlLedger(f"postgresql://user@127.0.0.1:{silent.getsockname()[1]}/ledger")
        began = time.monotonic()

        with pytest.raises(ProviderTrouble, match="does not answer"):
            ledger.address("cus_1")
        assert time.monotonic() - began < 10
        ledger.close()


def test_a_server_that_stands_still_is_trouble(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own time-out stands still with it. The next call finds the connection out and takes another."""
    stopped: list[int] = []

    def stand_still() -> None:
        engine = open_database(postgres_url)
        with engine.connect() as connection:
            busy = "SELECT pid FROM pg_stat_activity WHERE datname = 'ledger' AND state = 'idle in transaction'"
            stopped.extend(connection.exec_driver_sql(busy).scalars())
        engine.dispose()
        for backend in stopped:
            os.kill(backend, signal.SIGSTOP)

    with short(monkeypatch, 0.5):
        ledger = SqlLedger(postgres_url)
        open_case(ledger, "in_still")
        still = an_attempt(1, "in_still", fingerprint="card_still")
        try:
            with pytest.raises(ProviderTrouble, match="does not answer"):
                ledger.begin_attempt(still, Meanwhile(stand_still))
            assert [] == ledger.attempts_of("in_still")
        finally:
            for backend in stopped:
                os.kill(backend, signal.SIGCONT)
        assert 1 == len(stopped)
    ledger.close()


def test_an_idle_connection_that_went_silent_is_replaced(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs the wait, and nobody notices."""
    with short(monkeypatch, 0.5):
        ledger = SqlLedger(postgres_url)
        with ledger._database.reading() as connection:
            backend = connection.execute(sa.select(sa.func.pg_backend_pid())).scalar_one()
        os.kill(backend, signal.SIGSTOP)
        try:
            assert ledger.case("in_unknown") is None
        finally:
            os.kill(backend, signal.SIGCONT)
    ledger.close()


def test_a_change_of_the_schema_may_take_its_time(postgres_url: str) -> None:
    """And the merchant's own settings in the URL stay."""
    engines = [
        open_database(f"{postgres_url}{'&' if '?' in postgres_url else '?'}options=-c%20work_mem%3D8MB", hurry=hurry)
        for hurry in (True, False)
    ]
    told = []
    for engine in engines:
        with engine.connect() as connection:
            names = ("statement_timeout", "work_mem")
            told.append([connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names])
        engine.dispose()

    assert [["5s", "8MB"], ["0", "8MB"]] == told


def test_a_write_of_another_process_is_waited_for(tmp_path: Path) -> None:
    """SQLite's own lock holds between processes; a moment later the turn is ours."""
    new_ledger(tmp_path / "ledger.db")
    ledger = SqlLedger(f"sqlite:///{tmp_path / 'ledger.db'}")
    other = open_database(f"sqlite:///{tmp_path / 'ledger.db'}").execution_options(writes=True)
    with ThreadPoolExecutor(1) as pool, other.connect() as busy:
        transaction = busy.begin()
        waiting = pool.submit(ledger.provider_event, "stripe", "evt_1", "kind", None, NOW)
        transaction.rollback()
        assert waiting.result(timeout=5)
    ledger.close()
    other.dispose()
