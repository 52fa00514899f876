"""The outbox of events, the endpoints that get them, and what became of each delivery."""

import sqlalchemy as sa
from alembic import op

from gateways.ledger.columns import UtcTime
from gateways.ledger.schema_doors import NEW, WAITING

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _text(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null, server_default=default)


def _moment(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, UtcTime(), nullable=null)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def _row_number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "outbox",
        _row_number("id"),
        _text("message_id"),
        _text("invoice_id"),
        _text("type"),
        _moment("at"),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("passed_on", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.ForeignKeyConstraint(["invoice_id"], ["cases.invoice_id"], name="fk_outbox_invoice_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("message_id", name="uq_outbox_message_id"),
    )
    op.create_index("ix_outbox_at", "outbox", ["at"])
    new = sa.text(NEW)
    op.create_index("ix_outbox_new", "outbox", ["id"], sqlite_where=new, postgresql_where=new)
    op.create_table(
        "endpoints",
        _text("endpoint_id"),
        _text("url"),
        _text("secret"),
        _text("old_secret", null=True),
        _moment("old_until", null=True),
        sa.Column("types", sa.JSON(), nullable=True),
        _moment("made_at"),
        _count("failures"),
        _moment("failing_since", null=True),
        _moment("next_try", null=True),
        _text("note", default=""),
        _moment("disabled_at", null=True),
        sa.PrimaryKeyConstraint("endpoint_id", name="pk_endpoints"),
    )
    op.create_table(
        "deliveries",
        _text("endpoint_id"),
        _row_number("event"),
        _text("invoice_id"),
        _text("state"),
        _count("attempts"),
        _moment("first_try", null=True),
        _moment("next_try", null=True),
        _text("note", default=""),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoints.endpoint_id"], name="fk_deliveries_endpoint_id"),
        sa.ForeignKeyConstraint(["event"], ["outbox.id"], name="fk_deliveries_event"),
        sa.PrimaryKeyConstraint("endpoint_id", "event", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_event", "deliveries", ["event"])
    waiting = sa.text(WAITING)
    columns = ["endpoint_id", "invoice_id", "event"]
    op.create_index("ix_deliveries_waiting", "deliveries", columns, sqlite_where=waiting, postgresql_where=waiting)
