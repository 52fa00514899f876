"""Making reservations on one thing wait for each other until their transactions end."""

import hashlib

import sqlalchemy as sa


def lock(connection: sa.Connection, thing: str) -> None:
    """Waits until no other transaction holds the lock of this thing, such as `card fp_1`.

    SQLite needs nothing: its immediate transaction holds the whole file.
    """
    if connection.dialect.name == "postgresql":
        digest = hashlib.sha256(thing.encode()).digest()
        key = int.from_bytes(digest[:8], "big", signed=True)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
