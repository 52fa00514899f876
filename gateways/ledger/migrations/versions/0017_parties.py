"""Who said that a channel is closed or wanted, and how they know; what endpoints did not take, found quickly."""

import sqlalchemy as sa
from alembic import op

from gateways.ledger.columns import UtcTime
from gateways.ledger.schema_doors import NOT_TAKEN

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("source", "proof"):
        op.add_column("channel_closures", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("channel_closures", sa.Column("opened_by", sa.Text(), nullable=True))
    op.create_table(
        "opt_ins",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "event_id", "channel", name="pk_opt_ins"),
    )
    some = sa.text(NOT_TAKEN)
    op.create_index(
        "ix_deliveries_given_up", "deliveries", ["endpoint_id", "event"], sqlite_where=some, postgresql_where=some
    )
