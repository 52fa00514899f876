"""Headers of the answers that stand for a caller's token."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_answers", sa.Column("headers", sa.JSON(), nullable=False, server_default="{}"))
