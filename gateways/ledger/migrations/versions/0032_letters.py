"""Where a customer's letters go."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customers", sa.Column("postal_address", sa.Text(), nullable=True))
