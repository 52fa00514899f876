"""Access by the strictest wish of a subscription's cases, and what one message says for several invoices."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_wishes",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=True),
        sa.Column("access", sa.Text(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["cases.invoice_id"], name="fk_access_wishes_invoice_id"),
        sa.PrimaryKeyConstraint("invoice_id", name="pk_access_wishes"),
    )
    columns = ["customer_id", "subscription_id"]
    op.create_index("ix_access_wishes_customer_id_subscription_id", "access_wishes", columns)
    for name in ("said", "names"):
        op.add_column("contacts", sa.Column(name, sa.JSON(), nullable=True))
