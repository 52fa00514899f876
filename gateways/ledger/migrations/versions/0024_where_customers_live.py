"""The state or province of a customer: the law of contacts is made there."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customers", sa.Column("region", sa.Text(), nullable=False, server_default=""))
