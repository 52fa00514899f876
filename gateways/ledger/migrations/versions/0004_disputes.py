"""The customers' disputes, and the cases whose money was taken back after their end."""

import sqlalchemy as sa
from alembic import op

from gateways.ledger.columns import UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "disputes",
        sa.Column("dispute_id", sa.Text(), primary_key=True),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
    )
    is_open = sa.text("status = 'open'")
    op.create_index(
        "ix_disputes_open",
        "disputes",
        ["customer_id", "at", "dispute_id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    again = sa.text("outcome = 'recovered' AND remaining > 0")
    op.create_index(
        "ix_cases_owed_again", "cases", ["opened_at", "invoice_id"], sqlite_where=again, postgresql_where=again
    )
