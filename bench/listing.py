"""The first page of the list of cases in a terminal, with 10,000 open cases, the start of the program included.

    python -m bench.listing [CASES]

Prints the seconds of `starter.py list`, beside a bare Python that reads as many rows of the same file; medians. Wanted:
0.5 s. Exits 1 above.
"""

import statistics
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from temporalio.client import Client

from bench.parts import measured_on_a_server, open_case_row
from gateways.ledger import rows
from gateways.ledger.database import open_database, upgrade_schema
from gateways.ledger.schema import cases
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import CustomerRow
from runtime.leaving import leave
from runtime.settings import ROOT

CASES = 10_000
WANTED = 0.5
_TIMES = 7
_OPENED = datetime(2030, 4, 1, 12, tzinfo=UTC)
_BARE = """
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute("SELECT * FROM cases ORDER BY opened_at, invoice_id LIMIT 50"):
    print(*row)
"""


def fill(url: str, count: int) -> None:
    """A ledger with so many open cases."""
    upgrade_schema(url)
    with closing(SqlLedger(url)) as ledger:
        ledger.open_case(open_case_row("in_0", _OPENED), CustomerRow(customer_id="cus_1"), "{}")
    columns = [
        rows.case_columns(open_case_row(f"in_{number}", _OPENED + timedelta(seconds=number)), "{}")
        for number in range(1, count)
    ]
    engine = open_database(url)
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(sa.insert(cases), columns)
    engine.dispose()


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """The median of several runs. Raises CalledProcessError with what a failed one said."""
    taken = []
    for _ in range(_TIMES):
        started = time.monotonic()
        subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
        taken.append(time.monotonic() - started)
    return statistics.median(taken)


async def measure(folder: Path, address: str, _client: Client, count: int) -> bool:
    database = folder / "ledger.db"
    environment = {"DUNNING_DATABASE_URL": f"sqlite:///{database}", "TEMPORAL_ADDRESS": address}
    fill(environment["DUNNING_DATABASE_URL"], count)
    listed = seconds([sys.executable, "starter.py", "list"], environment)
    help_only = seconds([sys.executable, "starter.py", "list", "--help"], environment)
    bare = seconds([sys.executable, "-c", _BARE, str(database)], environment)
    print(f"first page of {count} open cases: {listed:.2f} s (wanted: {WANTED}), of which imports {help_only:.2f} s")
    print(f"a bare Python that reads 50 rows: {bare:.2f} s, ratio {listed / bare:.1f}")
    return listed <= WANTED


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    return measured_on_a_server(partial(measure, count=count))


if __name__ == "__main__":
    leave(main())
