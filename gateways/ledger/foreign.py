"""Charges that others made: this system did not ask for them, but the card's network has counted them."""

import sqlalchemy as sa

from gateways.ledger import rows
from gateways.ledger.inserts import insert_once
from gateways.ledger.schema import attempts
from gateways.ports.rows import AttemptRow


def write_foreign(connection: sa.Connection, row: AttemptRow, event_id: str) -> None:
    """Writes the attempt once per event."""
    insert_once(connection, attempts, rows.attempt_columns(row) | {"attempt": 0, "event_id": event_id})
