"""What protects a person: bankruptcy, death, a representative and others; and for what an opt-in is."""

import sqlalchemy as sa
from alembic import op

from gateways.ledger.columns import UtcTime

revision = "0029"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("opt_ins", sa.Column("purpose", sa.Text(), nullable=False, server_default="service"))
    op.create_table(
        "protections",
        sa.Column("customer_id", sa.Text(), primary_key=True),
        sa.Column("event_id", sa.Text(), primary_key=True),
        sa.Column("protection", sa.Text(), primary_key=True),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("end_note", sa.Text(), nullable=False),
    )
