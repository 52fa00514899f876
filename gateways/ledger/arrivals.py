"""What came in from outside and went out to an agency, each once by its id."""

from datetime import datetime

import sqlalchemy as sa

from gateways.ledger.inserts import insert_once
from gateways.ledger.schema import handoffs, provider_events
from gateways.ledger.transactions import Book
from gateways.ports.rows import KnownEvent

_EVENT = sa.select(provider_events.c.invoice_id).where(
    provider_events.c.provider == sa.bindparam("by"), provider_events.c.event_id == sa.bindparam("of")
)

_HANDOFF = sa.select(handoffs.c.handoff_id).where(handoffs.c.invoice_id == sa.bindparam("of")).limit(1)


_INVOICE = sa.select(handoffs.c.invoice_id).where(
    sa.or_(handoffs.c.handoff_id == sa.bindparam("named"), handoffs.c.reference == sa.bindparam("named"))
)


class SqlEvents(Book):
    """`ports.EventBook` in SQL."""

    def provider_event(self, provider: str, event_id: str, kind: str, invoice_id: str | None, at: datetime) -> bool:
        columns = {"provider": provider, "event_id": event_id, "kind": kind, "invoice_id": invoice_id, "at": at}
        with self._database.writing() as connection:
            return insert_once(connection, provider_events, columns)

    def event_known(self, provider: str, event_id: str) -> KnownEvent | None:
        with self._database.reading() as connection:
            found = connection.execute(_EVENT, {"by": provider, "of": event_id}).first()
        return KnownEvent(invoice_id=found.invoice_id) if found else None


class SqlHandoffs(Book):
    """`ports.HandoffBook` in SQL."""

    def record_handoff(self, invoice_id: str, handoff_id: str, reference: str, at: datetime) -> None:
        columns = {"handoff_id": handoff_id, "invoice_id": invoice_id, "reference": reference, "at": at}
        with self._database.writing(of=invoice_id) as connection:
            insert_once(connection, handoffs, columns)

    def was_handed_off(self, invoice_id: str) -> bool:
        with self._database.reading() as connection:
            return connection.execute(_HANDOFF, {"of": invoice_id}).first() is not None

    def handed_off_as(self, name: str) -> list[str]:
        with self._database.reading() as connection:
            return sorted({found.invoice_id for found in connection.execute(_INVOICE, {"named": name})})
