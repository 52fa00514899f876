"""The append-only record of each case. A uniqueness constraint over the entry's occasion makes it say things once."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from domain.gates import Postpone, Refuse
from domain.record import Entry
from gateways.ledger.inserts import Columns, insert_missing, insert_once
from gateways.ledger.rows import without_nul
from gateways.ledger.schema import record
from gateways.ledger.transactions import Book

_OF_CASE = (
    sa.select(*(record.c[name] for name in Entry.model_fields))
    .where(record.c.invoice_id == sa.bindparam("of"))
    .order_by(record.c.at, record.c.id)
)


class SqlRecords(Book):
    """`ports.RecordBook` in SQL."""

    def record_effect(self, invoice_id: str, entry: Entry) -> None:
        with self._database.writing(of=invoice_id) as connection:
            write_effect(connection, invoice_id, entry, occasion="")

    def record(self, invoice_id: str) -> list[Entry]:
        with self._database.reading() as connection:
            return [Entry(**found) for found in connection.execute(_OF_CASE, {"of": invoice_id}).mappings()]


def put_off(at: datetime, step: str, answer: Postpone | Refuse) -> Entry:
    """What the record keeps of an effect that a rule allows later, or not at all."""
    what = f"postponed to {answer.until.astimezone(UTC):%Y-%m-%d %H:%M}" if isinstance(answer, Postpone) else "refused"
    return Entry(at=at, step=step, what=what, why=answer.why, rule=answer.rule)


def write_decisions(connection: sa.Connection, invoice_id: str, entries: Sequence[Entry]) -> None:
    """Writes each (step, what, why) of one moment once."""
    insert_missing(connection, record, [_columns(invoice_id, entry, _moment(entry)) for entry in entries])


def write_effect(connection: sa.Connection, invoice_id: str, entry: Entry, occasion: str) -> None:
    """Writes the entry once per (invoice, step, what, occasion)."""
    insert_missing(connection, record, [_columns(invoice_id, entry, occasion)])


def write_first(connection: sa.Connection, invoice_id: str, entry: Entry, occasion: str) -> bool:
    """As `write_effect`; whether it was not there before."""
    return insert_once(connection, record, _columns(invoice_id, entry, occasion))


def _moment(entry: Entry) -> str:
    # Two signals that come in one workflow task have the same moment: what is said of them tells them apart.
    said = hashlib.sha256(entry.why.encode()).hexdigest()[:12]
    return f"at {entry.at.timestamp():.6f} {said}"


def _columns(invoice_id: str, entry: Entry, occasion: str) -> Columns:
    return without_nul({"invoice_id": invoice_id, **entry.model_dump(), "occasion": occasion})
