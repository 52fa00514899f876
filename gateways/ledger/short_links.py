"""What the short links of text messages lead to. They stay: a message is opened long after its case."""

import sqlalchemy as sa

from gateways.ledger.inserts import insert_missing
from gateways.ledger.schema_doors import short_links
from gateways.ledger.transactions import Book

_OF = sa.select(short_links.c.invoice_id).where(short_links.c.code == sa.bindparam("code_is"))


class SqlShortLinks(Book):
    def shorten(self, code: str, invoice_id: str) -> None:
        with self._database.writing() as connection:
            insert_missing(connection, short_links, [{"code": code, "invoice_id": invoice_id}])

    def shortened(self, code: str) -> str | None:
        with self._database.reading() as connection:
            return connection.execute(_OF, {"code_is": code}).scalar_one_or_none()
