"""The indexes over some rows only; those over all rows stand with their tables.

Apart from these, for whoever makes or compares the tables: for such an index SQLAlchemy loads all that it has for
PostgreSQL, and programs that only read and write have no use for that.
"""

import sqlalchemy as sa

from gateways.ledger.columns import metadata
from gateways.ledger.schema import NOT_CLOSED, OWED_AGAIN, attempts, cases, contacts, customers, disputes
from gateways.ledger.schema_doors import NEW, NOT_TAKEN, WAITING, deliveries, outbox

__all__ = ["metadata"]


def _some(name: str, condition: str, *columns: sa.Column[object], unique: bool = False) -> None:
    """A query uses it when it has the condition word for word."""
    where = sa.text(condition)
    sa.Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


_some("ix_cases_not_closed", NOT_CLOSED, cases.c.invoice_id)
_some("ix_cases_open_amount", NOT_CLOSED, cases.c.currency, cases.c.remaining)
_some("ix_cases_next_at", NOT_CLOSED, cases.c.next_at)
_some("ix_cases_owed_again", OWED_AGAIN, cases.c.opened_at, cases.c.invoice_id)
_some("ix_cases_numbered", "invoice_number IS NOT NULL", cases.c.invoice_number)
_some("uq_attempts_invoice_id_attempt", "attempt > 0", attempts.c.invoice_id, attempts.c.attempt, unique=True)
# Two halves: over all rows SQLite would look for a card without fingerprint among all such cards of the world.
_some("ix_attempts_card", "fingerprint IS NOT NULL", attempts.c.fingerprint, attempts.c.as_of)
_some("ix_attempts_no_fingerprint", "fingerprint IS NULL", attempts.c.invoice_id, attempts.c.as_of)
_some("ix_disputes_open", "status = 'open'", disputes.c.customer_id, disputes.c.at, disputes.c.dispute_id)
_some("ix_contacts_place", "place IS NOT NULL", contacts.c.place, contacts.c.as_of)
_some("ix_customers_phone", "phone IS NOT NULL", customers.c.phone)
_some("ix_customers_line_user_id", "line_user_id IS NOT NULL", customers.c.line_user_id)
_some("ix_outbox_new", NEW, outbox.c.id)
_some("ix_deliveries_waiting", WAITING, deliveries.c.endpoint_id, deliveries.c.invoice_id, deliveries.c.event)
_some("ix_deliveries_given_up", NOT_TAKEN, deliveries.c.endpoint_id, deliveries.c.event)
_some("ix_customers_email", "email IS NOT NULL", customers.c.email)
