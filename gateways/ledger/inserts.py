"""Inserting what may be there already. The statements are made once, so that SQLAlchemy compiles each only once."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Columns = dict[str, Any]


def insert_once(connection: sa.Connection, table: sa.Table, columns: Columns) -> bool:
    """Inserts the row unless a uniqueness constraint says that it is there; whether it was inserted."""
    return connection.execute(_reporting(table, connection.dialect.name), columns).first() is not None


def insert_missing(connection: sa.Connection, table: sa.Table, rows: Sequence[Columns]) -> None:
    """Inserts those of the rows that are not there, in one go."""
    if rows:
        connection.execute(unless_there(table, connection.dialect.name), rows)


def insert_new(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Columns], key: tuple[str, ...]
) -> set[tuple[Any, ...]]:
    """As `insert_missing`; the keys of those that were inserted."""
    statement = _telling(table, connection.dialect.name, key)
    return {tuple(found) for found in connection.execute(statement, rows)}


@cache
def unless_there(table: sa.Table, dialect: str) -> sa.Insert:
    """Inserts nothing where a uniqueness constraint says that it is there."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing()


@cache
def _reporting(table: sa.Table, dialect: str) -> sa.Executable:
    return unless_there(table, dialect).returning(sa.literal(1))


@cache
def _telling(table: sa.Table, dialect: str, key: tuple[str, ...]) -> sa.Executable:
    return unless_there(table, dialect).returning(*(table.c[name] for name in key))
