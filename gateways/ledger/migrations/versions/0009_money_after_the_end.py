"""Money after the end of a case: owed again or billed anew as another invoice, or come in twice.

What was owed again before stays so: of a recovered case nothing else could remain.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_INDEX = "ix_cases_owed_again"


def upgrade() -> None:
    op.add_column("cases", sa.Column("owed_again", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("cases", sa.Column("reopened_as", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("reopens", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("refund_due", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE cases SET owed_again = true WHERE outcome = 'recovered' AND remaining > 0")
    op.drop_index(_INDEX, "cases")
    where = sa.text("owed_again")
    op.create_index(
        _INDEX, "cases", ["opened_at", "invoice_id"], unique=False, sqlite_where=where, postgresql_where=where
    )
