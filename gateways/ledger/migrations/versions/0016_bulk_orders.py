"""Bulk orders, and the headers of the answers that stand for a caller's token."""

import sqlalchemy as sa
from alembic import op

from gateways.ledger.columns import RowNumber, UtcTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _text(name: str, *, null: bool = False, empty: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null, server_default="" if empty else None)


def _moment(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, UtcTime(), nullable=null)


def upgrade() -> None:
    op.add_column("api_answers", sa.Column("headers", sa.JSON(), nullable=False, server_default="{}"))
    op.create_table(
        "bulk_orders",
        sa.Column("number", RowNumber, nullable=False),
        _text("bulk_id"),
        _text("name"),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=True),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        _text("key_id"),
        _text("by"),
        _moment("made_at"),
        _text("state"),
        sa.Column("selected", sa.Boolean(), nullable=False),
        _text("place", null=True),
        _text("note", empty=True),
        _moment("cancelled_at", null=True),
        _moment("ended_at", null=True),
        sa.PrimaryKeyConstraint("number", name="pk_bulk_orders"),
        sa.UniqueConstraint("bulk_id", name="uq_bulk_orders_bulk_id"),
    )
    op.create_index("ix_bulk_orders_state", "bulk_orders", ["state"])
    op.create_table(
        "bulk_lines",
        _text("bulk_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("invoice_id"),
        _text("state"),
        *(_text(name, empty=True) for name in ("version", "then", "why")),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        _moment("asked_at", null=True),
        sa.Column("audit", RowNumber, nullable=True),
        sa.ForeignKeyConstraint(["bulk_id"], ["bulk_orders.bulk_id"], name="fk_bulk_lines_bulk_id"),
        sa.ForeignKeyConstraint(["audit"], ["api_requests.id"], name="fk_bulk_lines_audit"),
        sa.PrimaryKeyConstraint("bulk_id", "number", name="pk_bulk_lines"),
        sa.UniqueConstraint("bulk_id", "invoice_id", name="uq_bulk_lines_bulk_id_invoice_id"),
    )
    columns = ["bulk_id", "state", "tries", "number"]
    op.create_index("ix_bulk_lines_bulk_id_state_tries_number", "bulk_lines", columns)
