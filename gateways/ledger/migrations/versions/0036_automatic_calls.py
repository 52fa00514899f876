"""Calls that no person makes: who makes a task, the provider's id, what was pressed, whether the case knows it, and the
number that a consent is for."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("call_tasks", sa.Column("made_by", sa.Text(), nullable=False, server_default="person"))
    op.add_column("calls", sa.Column("provider_id", sa.Text(), nullable=True))
    op.add_column("calls", sa.Column("confirmed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("calls", sa.Column("heard", sa.Text(), nullable=True))
    op.add_column("calls", sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_calls_provider_id", "calls", ["provider_id"], unique=True)
    op.add_column("opt_ins", sa.Column("address", sa.Text(), nullable=True))
