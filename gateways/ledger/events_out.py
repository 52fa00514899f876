"""Events on their way out: written in the transaction of the entry that they tell of, and once as that is."""

import hashlib
from collections.abc import Sequence

import sqlalchemy as sa

from domain.outbox import Event
from gateways.ledger.inserts import Columns, insert_missing
from gateways.ledger.rows import without_nul
from gateways.ledger.schema_doors import outbox

_IDENTITY = ("invoice_id", "step", "what", "occasion")
"""What makes an entry of the record the one that it is."""


def write_events(connection: sa.Connection, told: Sequence[tuple[Columns, Event | None]]) -> None:
    """Keeps what is told of entries that were just inserted, given with their columns."""
    insert_missing(connection, outbox, [_row(entry, event) for entry, event in told if event])


def _row(entry: Columns, event: Event) -> Columns:
    identity = "\n".join(entry[name] for name in _IDENTITY)
    return {
        "message_id": f"msg_{hashlib.sha256(identity.encode()).hexdigest()[:32]}",
        "invoice_id": entry["invoice_id"],
        "type": event.type,
        "at": event.at,
        "data": without_nul(event.data),
    }
