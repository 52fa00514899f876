"""A channel that was closed can be opened again; the closure stays on record."""

import sqlalchemy as sa
from alembic import op

from gateways.ledger.columns import UtcTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channel_closures", sa.Column("opened_at", UtcTime(), nullable=True))
