"""When a customer's data was erased."""

import sqlalchemy as sa
from alembic import op

from gateways.ledger.columns import UtcTime

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customers", sa.Column("erased_at", UtcTime(), nullable=True))
