"""Where a customer is on LINE, and on which channel they want to hear from us."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customers", sa.Column("line_user_id", sa.Text(), nullable=True))
    op.add_column("customers", sa.Column("preferred_channel", sa.Text(), nullable=True))
    there = sa.text("line_user_id IS NOT NULL")
    op.create_index(
        "ix_customers_line_user_id", "customers", ["line_user_id"], sqlite_where=there, postgresql_where=there
    )
