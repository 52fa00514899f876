"""What an agency reports is found by its own reference too."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_handoffs_reference", "handoffs", ["reference"])
