"""The ledger's database: its schema, several processes, and what happens when it does not answer."""

import multiprocessing
import sqlite3
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from domain.gates import ALLOW, Answer
from gateways.ledger import database
from gateways.ledger.database import open_database, schema_is_current, upgrade_schema
from gateways.ledger.indexes import metadata
from gateways.ledger.schema import attempts
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import AttemptRow
from gateways.ports.trouble import ProviderMisuse, ProviderTrouble
from tests.gateways.ledger.builders import (
    NOW,
    Rules,
    a_case,
    a_contact,
    an_attempt,
    at_most,
    open_case,
    race,
    reserve,
    run_alone,
    with_database,
)


def test_the_schema_may_be_upgraded_by_several_processes_at_once(empty_url: str) -> None:
    """A worker, a starter and a web process that start together all find a complete schema."""
    race(lambda _: upgrade_schema(empty_url), racers=4)
    ledger = SqlLedger(empty_url)
    open_case(ledger)
    upgrade_schema(empty_url)

    assert (a_case(),) == ledger.cases().rows
    ledger.close()


def test_a_ledger_that_is_not_set_up_is_noticed(empty_url: str, tmp_path: Path) -> None:
    """Before the upgrade it is not current, after it it is; asking creates no file."""
    missing = tmp_path / "nowhere" / "ledger.db"

    assert not schema_is_current(f"sqlite:///{missing}")
    assert not missing.parent.exists()
    assert not schema_is_current(empty_url)
    upgrade_schema(empty_url)
    assert schema_is_current(empty_url)


def test_the_migrations_make_the_tables_that_the_code_uses(url: str) -> None:
    """A column that was added in only one of the two places is found here."""
    engine = open_database(url)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert [] == differences


def test_a_sqlite_ledger_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    """The file is in write-ahead mode, so that a report never blocks a charge."""
    upgrade_schema(f"sqlite:///{tmp_path / 'ledger.db'}")
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        mode = connection.execute("PRAGMA journal_mode").fetchone()
    connection.close()

    assert ("wal",) == mode


class CutsTheLine(Rules):
    """Rules that lose the database while the reservation is under way."""

    def __init__(self, cut: Callable[[], None]) -> None:
        self._cut = cut

    def ask(self, *_: Any) -> Answer:
        self._cut()
        return ALLOW


def test_a_connection_lost_in_mid_reservation_reserves_nothing(postgres: str) -> None:
    """It is trouble that is retried, and the retry finds a clean table."""
    run_alone(postgres, "CREATE DATABASE cut")
    upgrade_schema(with_database(postgres, "cut"))
    ledger = SqlLedger(with_database(postgres, "cut"))
    open_case(ledger)
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'cut'"
    rules = CutsTheLine(lambda: run_alone(postgres, kill))

    with pytest.raises(ProviderTrouble, match="does not answer"):
        ledger.begin_attempt(an_attempt(), rules)
    assert [] == ledger.attempts_of("in_1")
    ledger.close()


def test_a_database_that_is_down_is_trouble() -> None:
    """Temporal retries it; the message has neither the password nor the statement's values."""
    ledger = SqlLedger("postgresql://user:secret@127.0.0.1:1/ledger")

    with pytest.raises(ProviderTrouble, match="check that it runs") as caught:
        ledger.address("cus_1")
    assert "secret" not in f"{caught.value} {caught.value.__cause__}"


def test_a_file_that_stays_locked_is_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer waits its turn, and gives up as something to be retried."""
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.01)
    upgrade_schema(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger = SqlLedger(f"sqlite:///{tmp_path / 'ledger.db'}")
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(ProviderTrouble):
        ledger.provider_event("stripe", "evt_1", "kind", None, NOW)
    assert () == ledger.cases().rows
    other.close()
    ledger.close()


@pytest.mark.parametrize("wrong", ["mysql://user:secret@host/ledger", "ledger.db", ""])
def test_a_wrong_url_is_one_sentence(wrong: str) -> None:
    """It says what to write, and does not repeat a password."""
    with pytest.raises(ProviderMisuse, match="use sqlite:///FILE or postgresql://") as caught:
        upgrade_schema(wrong)
    assert "secret" not in str(caught.value)


def _reserve_many(url: str, process: int) -> list[tuple[bool, bool]]:
    """In a process of its own: tries for the same contacts, and for a card's budget of twenty, from its own invoice."""
    ledger = SqlLedger(url)
    found = []
    for number in range(1, 16):
        inserted = reserve(ledger, a_contact(step=f"step-{number}"))[1]
        attempt = ledger.begin_attempt(an_attempt(number, f"in_{process}"), at_most(20))
        found.append((inserted, isinstance(attempt, AttemptRow)))
    ledger.close()
    return found


def test_processes_share_the_budgets(ledger: SqlLedger, url: str) -> None:
    """Three workers try 45 charges on a card that has room for 20, and the same 15 messages."""
    for process in (2, 3):
        open_case(ledger, f"in_{process}")
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = [pair for pairs in pool.map(_reserve_many, [url] * 3, (1, 2, 3)) for pair in pairs]
    engine = open_database(url)
    with engine.begin() as connection:
        started = connection.execute(sa.select(sa.func.count()).where(attempts.c.state == "started")).scalar_one()
    engine.dispose()

    assert (15, 20) == (sum(sent for sent, _ in found), sum(charged for _, charged in found))
    assert 20 == started
    assert 15 == len(ledger.contacts("in_1"))


def test_a_file_that_is_no_database_is_for_an_operator(tmp_path: Path) -> None:
    """One sentence that names the setting, and the file stays as it is."""
    file = tmp_path / "notes.txt"
    file.write_text("these are my notes, and nobody's database\n" * 100)

    with pytest.raises(ProviderMisuse, match="no SQLite database: check DUNNING_DATABASE_URL"):
        upgrade_schema(f"sqlite:///{file}")

    assert file.read_text().startswith("these are my notes")


def test_a_folder_that_cannot_be_made_is_for_an_operator(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "var").write_text("")

    with pytest.raises(ProviderMisuse, match="folder cannot be used"):
        upgrade_schema(f"sqlite:///{tmp_path / 'var' / 'ledger.db'}")
