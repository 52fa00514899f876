"""Ledgers in SQLite files that cost a test little: how the tables came to be, and what a power cut would leave of a
file, are other tests' matters."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from gateways.ledger.database import upgrade_schema


def new_ledger(file: Path) -> str:
    """Makes the file, and its folder; returns its URL. A copy: making the tables takes a tenth of a second."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_with_tables())
    return f"sqlite:///{file}"


@cache
def _with_tables() -> bytes:
    with TemporaryDirectory(prefix="ledger-") as folder:
        file = Path(folder) / "ledger.db"
        upgrade_schema(f"sqlite:///{file}")
        assert [file] == list(Path(folder).iterdir())  # all of it is in the file
        return file.read_bytes()


@contextmanager
def off_the_disk() -> Iterator[None]:
    """Within it, no SQLite ledger of this process waits until what it wrote is on the disk."""
    ours = not sa.event.contains(sa.Engine, "engine_connect", _write_carelessly)
    if ours:
        sa.event.listen(sa.Engine, "engine_connect", _write_carelessly)
    try:
        yield
    finally:
        if ours:
            sa.event.remove(sa.Engine, "engine_connect", _write_carelessly)


def _write_carelessly(connection: sa.Connection) -> None:
    # Not at "connect": the product's own setting is made after what listens to that for all engines.
    if connection.dialect.name == "sqlite" and not connection.info.setdefault("careless", False):
        connection.connection.cursor().execute("PRAGMA synchronous=OFF")
        connection.info["careless"] = True
