"""What protects customers as persons, as it was said."""

from datetime import datetime

import sqlalchemy as sa

from domain.protection import Protected, Protection
from gateways.ledger.inserts import insert_once
from gateways.ledger.rows import without_nul
from gateways.ledger.schema import protections
from gateways.ledger.transactions import Book

_said = protections.c
_OF: sa.BindParameter[str] = sa.bindparam("of")
_ALL = (
    sa.select(*(_said[name] for name in Protected.model_fields))
    .where(_said.customer_id == _OF)
    .order_by(_said.since, _said.event_id)
)


class SqlProtections(Book):
    """`ports.protections.ProtectionBook` in SQL."""

    def protect(self, customer_id: str, said: Protected) -> None:
        row = {"customer_id": customer_id, **said.model_dump(), "protection": said.protection.value}
        with self._database.writing() as connection:
            insert_once(connection, protections, without_nul({**row, "source": said.source.value}))

    def unprotect(self, customer_id: str, protection: Protection, at: datetime, by: str, note: str) -> None:
        holds = (
            _said.customer_id == customer_id,
            _said.protection == protection.value,
            _said.ended_at.is_(None),
            _said.since <= at,
        )
        ended = without_nul({"ended_at": at, "ended_by": by, "end_note": note})
        with self._database.writing() as connection:
            connection.execute(sa.update(protections).where(*holds).values(ended))

    def protections(self, customer_id: str) -> list[Protected]:
        with self._database.reading() as connection:
            return [Protected(**row) for row in connection.execute(_ALL, {"of": customer_id}).mappings()]
