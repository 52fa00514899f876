"""The hours in which a customer wants to be called, as they said."""

import sqlalchemy as sa
from alembic import op

from gateways.ledger.columns import UtcTime

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customers", sa.Column("call_hours", sa.Text(), nullable=True))
    op.add_column("customers", sa.Column("call_hours_at", UtcTime(), nullable=True))
