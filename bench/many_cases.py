"""A ledger with as many cases as a large merchant has after three years, filled past the product in seconds.

Most cases are over; of the open ones most wait for their next step. Most customers had one or two, some very many.
"""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import sqlalchemy as sa

from bench.parts import open_case_row
from gateways.ledger import rows
from gateways.ledger.database import upgrade_schema
from gateways.ledger.schema import cases, customers

SINCE = datetime(2027, 1, 1, tzinfo=UTC)
MANY_CASES = "cus_many"
"""A customer with one case of a thousand."""
NAMES = [column.name for column in cases.c]
# Status, outcome and how many of a thousand cases have them. With the few of `_RARE`, a million has some of each.
_ENDS = (
    ("closed", "recovered", 650),
    ("closed", "written_off", 150),
    ("closed", "collections", 80),
    ("closed", "settled", 60),
    ("open", None, 45),
    ("on_hold", None, 10),
    ("with_agency", None, 5),
)
_OPENING_EVERY, _OWED_AGAIN_EVERY = 50_000, 2_000
_SPAN = timedelta(days=3 * 365)
_STATE = '{"facts":' + '"0123456789abcdef",' * 85 + "}"
"""As long as the JSON of a case is: it lies in the same row."""


def fill(url: str, count: int) -> None:
    """Makes the ledger's tables, with so many cases, oldest first."""
    upgrade_schema(url)
    owners = max(1, count // 3)
    filled = _into_sqlite if url.startswith("sqlite") else _into_postgres
    filled(url, _customers(owners), _cases(count, owners))


def a_place(count: int, share: float) -> str:
    """The cursor after this share of the cases, from 0 to 1, as the API gives it."""
    number = int(count * share)
    return f"{_opened(number, count).isoformat()}/{_invoice(number)}"


def _invoice(number: int) -> str:
    return f"in_{number:08d}"


def _opened(number: int, count: int) -> datetime:
    return SINCE + _SPAN / count * number


def _customers(owners: int) -> Iterator[tuple[str, ...]]:
    yield MANY_CASES, "US", "en", "any"
    for number in range(owners):
        yield f"cus_{number:08d}", "US", "en", "any"


def _cases(count: int, owners: int) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(1)  # noqa: S311 - the same cases each time
    kinds, weights = [end[:2] for end in _ENDS], [end[2] for end in _ENDS]
    like = rows.case_columns(open_case_row("", SINCE), _STATE)
    for number in range(count):
        [(status, outcome)] = chance.choices(kinds, weights)
        opened = _opened(number, count)
        owed_again = outcome is not None and number % _OWED_AGAIN_EVERY == 0
        columns = like | {
            "invoice_id": _invoice(number),
            "invoice_number": f"DUN-{number:08d}",
            "customer_id": MANY_CASES if number % 1_000 == 0 else f"cus_{chance.randrange(owners):08d}",
            "opened_at": opened,
            "status": "opening" if number % _OPENING_EVERY == 1 else status,
            "outcome": outcome,
            "hold": "operator needed: the card's issuer wants a call" if status == "on_hold" else None,
            "next_at": None if outcome else opened + timedelta(days=3),
            "closed_at": opened + timedelta(days=20) if outcome else None,
            "owed_again": owed_again,
            "refund_due": 0,
        }
        yield tuple(columns.get(name) for name in NAMES)


_CUSTOMER = ("customer_id", "country", "language", "segment")


def _into_sqlite(url: str, owners: Iterator[tuple[str, ...]], filling: Iterator[tuple[Any, ...]]) -> None:
    def bound(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(f"{one:%Y-%m-%d %H:%M:%S.%f}" if isinstance(one, datetime) else one for one in row)

    with closing(sqlite3.connect(sa.make_url(url).database or "")) as connection, connection:
        for table, names, found in ((customers, _CUSTOMER, owners), (cases, NAMES, map(bound, filling))):
            places = ", ".join("?" * len(names))
            connection.executemany(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({places})", found)  # noqa: S608


def _into_postgres(url: str, owners: Iterator[tuple[str, ...]], filling: Iterator[tuple[Any, ...]]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for table, names, found in ((customers, _CUSTOMER, owners), (cases, NAMES, filling)):
            with connection.cursor().copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
                for row in found:
                    copy.write_row(row)
        # As its own housekeeping would in a minute.
        connection.execute("VACUUM ANALYZE")
