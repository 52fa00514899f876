"""Indexes for what is watched: what is due in all, and cases that are later than their next step."""

import sqlalchemy as sa
from alembic import op

from gateways.ledger.schema import NOT_CLOSED

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    some = sa.text(NOT_CLOSED)
    for name, columns in (("ix_cases_open_amount", ["currency", "remaining"]), ("ix_cases_next_at", ["next_at"])):
        op.create_index(name, "cases", columns, sqlite_where=some, postgresql_where=some)
