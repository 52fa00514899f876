"""The inbox of webhooks, leases of work that one process does at a time, deliveries and what customers write."""

import sqlalchemy as sa
from alembic import op

from gateways.ledger.columns import UtcTime

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
        sa.UniqueConstraint("event_id", "provider", name="uq_inbox_event_id_provider"),
    )
    op.create_index("ix_inbox_state_id", "inbox", ["state", "id"])
    op.create_table(
        "leases",
        _text("name"),
        _text("holder"),
        sa.Column("until", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "replies",
        _text("customer_id"),
        _text("event_id"),
        _text("channel"),
        sa.Column("at", UtcTime(), nullable=False),
        _text("text"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="fk_replies_customer_id"),
        sa.PrimaryKeyConstraint("customer_id", "event_id", name="pk_replies"),
    )
    op.add_column("contacts", _text("delivery", null=True))
    op.add_column("contacts", _text("delivery_why", default=""))
    op.add_column("contacts", sa.Column("delivery_at", UtcTime(), nullable=True))
    op.create_index("ix_contacts_key", "contacts", ["key"])
    for place in ("phone", "email"):
        there = sa.text(f"{place} IS NOT NULL")
        op.create_index(f"ix_customers_{place}", "customers", [place], sqlite_where=there, postgresql_where=there)
