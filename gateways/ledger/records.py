"""The append-only record of each case. A uniqueness constraint over the entry's occasion makes it say things once."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from domain.gates import Postpone, Refuse
from domain.money import Money
from domain.outbox import event_of
from domain.outgoing import Outgoing, StepPostponed, StepRefused
from domain.record import Entry
from gateways.ledger.events_out import write_events
from gateways.ledger.inserts import Columns, insert_missing, insert_new, insert_once
from gateways.ledger.rows import without_nul
from gateways.ledger.schema import record
from gateways.ledger.transactions import Book

_KEY = ("step", "what", "occasion")
_OF_CASE = (
    sa.select(*(record.c[name] for name in Entry.model_fields if name != "event"))
    .where(record.c.invoice_id == sa.bindparam("of"))
    .order_by(record.c.at, record.c.id)
)


class SqlRecords(Book):
    """`ports.RecordBook` in SQL."""

    def record_effect(self, invoice_id: str, entry: Entry, occasion: str = "") -> None:
        with self._database.writing(of=invoice_id) as connection:
            write_effect(connection, invoice_id, entry, occasion)

    def record(self, invoice_id: str) -> list[Entry]:
        with self._database.reading() as connection:
            return [Entry(**found) for found in connection.execute(_OF_CASE, {"of": invoice_id}).mappings()]


def put_off(at: datetime, step: str, kind: str, answer: Postpone | Refuse) -> Entry:
    """What the record keeps of an effect that a rule allows later, or not at all."""
    if isinstance(answer, Postpone):
        what = f"postponed to {answer.until.astimezone(UTC):%Y-%m-%d %H:%M}"
        event: Outgoing = StepPostponed(kind=kind, until=answer.until)
    else:
        what, event = "refused", StepRefused(kind=kind)
    return Entry(at=at, step=step, what=what, why=answer.why, rule=answer.rule, event=event)


def write_decisions(
    connection: sa.Connection,
    invoice_id: str,
    entries: Sequence[Entry],
    remaining: Money | None = None,
    *,
    stands: bool = True,
) -> None:
    """Writes each (step, what, why) of one moment once, and their events, if the decision that they belong to stands.

    remaining: what is due by it.
    """
    written = [(entry, _columns(invoice_id, entry, _moment(entry))) for entry in entries]
    columns = [each for _, each in written]
    if not stands or not any(entry.event for entry in entries):
        insert_missing(connection, record, columns)
        return
    new = insert_new(connection, record, columns, _KEY)
    write_events(connection, [(each, event_of(entry, remaining)) for entry, each in written if _key(each) in new])


def write_effect(connection: sa.Connection, invoice_id: str, entry: Entry, occasion: str) -> None:
    """Writes the entry once per (invoice, step, what, occasion), and its event."""
    if entry.event:
        write_first(connection, invoice_id, entry, occasion)
    else:
        insert_missing(connection, record, [_columns(invoice_id, entry, occasion)])


def write_first(
    connection: sa.Connection, invoice_id: str, entry: Entry, occasion: str, remaining: Money | None = None
) -> bool:
    """As `write_effect`; whether it was not there before."""
    columns = _columns(invoice_id, entry, occasion)
    new = insert_once(connection, record, columns)
    if new:
        write_events(connection, [(columns, event_of(entry, remaining))])
    return new


def write_report(connection: sa.Connection, invoice_id: str, entry: Entry, occasion: str) -> None:
    """Tells the merchant's systems what the record does not keep: a provider's report about a message."""
    write_events(connection, [(_columns(invoice_id, entry, occasion), event_of(entry))])


def _key(columns: Columns) -> tuple[str, ...]:
    return tuple([columns[name] for name in _KEY])


def _moment(entry: Entry) -> str:
    # Two signals that come in one workflow task have the same moment: what is said of them tells them apart.
    said = hashlib.sha256(entry.why.encode()).hexdigest()[:12]
    return f"at {entry.at.timestamp():.6f} {said}"


def _columns(invoice_id: str, entry: Entry, occasion: str) -> Columns:
    return without_nul({"invoice_id": invoice_id, **entry.model_dump(exclude={"event"}), "occasion": occasion})
