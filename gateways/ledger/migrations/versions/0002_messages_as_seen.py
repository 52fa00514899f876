"""Messages as the customer saw them (HTML), and invoices by their number."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contacts", sa.Column("html", sa.Text(), nullable=True))
    numbered = sa.text("invoice_number IS NOT NULL")
    op.create_index("ix_cases_numbered", "cases", ["invoice_number"], sqlite_where=numbered, postgresql_where=numbered)
