"""What the merchant's systems are told by a ledger, each event checked against its type."""

import json

import sqlalchemy as sa

from domain.event_shapes import PAYLOADS
from domain.outbox import CaseRef, Event, body
from gateways.ledger.schema_doors import outbox
from gateways.ledger.sql_ledger import SqlLedger

COMMON = ("case", "source", "rule", "remaining")
"""What the data of every event has."""
_REF = CaseRef(invoice="in_1", customer="cus_1", subscription=None, policy="standard@1")


def valid(event: Event) -> Event:
    """The event, whose body has exactly the fields of its type."""
    sent = body(event, _REF)
    payload = PAYLOADS[event.type].model_validate_json(sent)

    assert json.loads(sent) == payload.model_dump(mode="json")
    return event


def told(ledger: SqlLedger, invoice_id: str) -> list[Event]:
    """In the order in which they were kept."""
    query = sa.select(outbox).where(outbox.c.invoice_id == invoice_id).order_by(outbox.c.id)
    with ledger._database.reading() as connection:
        found = connection.execute(query).mappings()
        return [valid(Event(type=row["type"], at=row["at"], data=row["data"])) for row in found]


def types(ledger: SqlLedger, invoice_id: str) -> list[str]:
    return [event.type for event in told(ledger, invoice_id)]
