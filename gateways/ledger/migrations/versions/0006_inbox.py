"""The inbox of webhooks, and the leases of work that one process does at a time."""

import sqlalchemy as sa
from alembic import op

from gateways.ledger.schema import UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _text(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null, server_default=default)


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        _text("provider"),
        _text("event_id"),
        _text("kind"),
        _text("body"),
        sa.Column("at", UtcTime(), nullable=False),
        _text("state"),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_try", UtcTime(), nullable=False),
        _text("result", null=True),
        _text("note", default=""),
        _text("invoice_id", null=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("provider", "event_id", name="uq_inbox_provider"),
    )
    op.create_index("ix_inbox_state_id", "inbox", ["state", "id"])
    op.create_table(
        "leases",
        _text("name"),
        _text("holder"),
        sa.Column("until", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
