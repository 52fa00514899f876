"""Everything of one kind, a page at a time."""

from datetime import datetime

import sqlalchemy as sa

from gateways.ledger.inserts import Columns
from gateways.ledger.schema import contacts, record
from gateways.ledger.transactions import Book
from gateways.ports.exports import MessageLine, RecordLine


class SqlExports(Book):
    """`ports.exports.ExportBook` in SQL."""

    def records_after(self, number: int, limit: int, since: datetime | None) -> list[RecordLine]:
        rows = self._after(record, ("invoice_id", "at", "step", "what", "why", "rule"), "at", number, limit, since)
        return [RecordLine(**row) for row in rows]

    def messages_after(self, number: int, limit: int, since: datetime | None) -> list[MessageLine]:
        heard = ("delivery", "delivery_why", "delivery_at")
        names = ("invoice_id", "channel", "stage", "state", *heard, "subject", "text")
        rows = self._after(contacts, names, "as_of", number, limit, since)
        return [MessageLine(**row) for row in rows]

    def _after(
        self, table: sa.Table, names: tuple[str, ...], moment: str, number: int, limit: int, since: datetime | None
    ) -> list[Columns]:
        columns = (
            table.c.id.label("number"),
            table.c[moment].label("at"),
            *(table.c[name] for name in names if name != "at"),
        )
        query = sa.select(*columns).where(table.c.id > number).order_by(table.c.id).limit(limit)
        if since is not None:
            query = query.where(table.c[moment] >= since)
        with self._database.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
