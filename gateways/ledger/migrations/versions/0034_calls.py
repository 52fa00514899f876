"""Calls that people make: the queue, and what came of each."""

import sqlalchemy as sa
from alembic import op

from gateways.ledger.columns import RowNumber, UtcTime

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_tasks",
        sa.Column("call_id", sa.Text(), primary_key=True),
        sa.Column("invoice_id", sa.Text(), sa.ForeignKey("cases.invoice_id"), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("as_of", UtcTime(), nullable=False),
        sa.Column("call_from", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("zones", sa.JSON(), nullable=False),
        sa.Column("windows", sa.JSON(), nullable=False),
        sa.Column("offers", sa.JSON(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.Column("taken_until", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("end_why", sa.Text(), nullable=False),
    )
    op.create_index("ix_call_tasks_invoice_id", "call_tasks", ["invoice_id"])
    op.create_index("ix_call_tasks_customer_id", "call_tasks", ["customer_id"])
    op.create_index("ix_call_tasks_state_call_from_call_id", "call_tasks", ["state", "call_from", "call_id"])
    op.create_table(
        "calls",
        sa.Column("id", RowNumber, primary_key=True),
        sa.Column("call_id", sa.Text(), sa.ForeignKey("call_tasks.call_id"), nullable=False),
        sa.Column("invoice_id", sa.Text(), sa.ForeignKey("cases.invoice_id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("given_back", sa.Boolean(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("result_at", UtcTime(), nullable=True),
        sa.Column("conversation", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("call_id", "number"),
    )
    op.create_index("ix_calls_invoice_id_at", "calls", ["invoice_id", "at"])
    op.create_index("ix_calls_place_at", "calls", ["place", "at"])
