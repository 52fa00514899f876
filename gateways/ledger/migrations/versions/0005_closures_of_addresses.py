"""A closure belongs to an address, and a wish to a person; what the provider stated last of a customer.

Closures from before have no address: they hold for all of the customer's, as they did.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customers", sa.Column("stated", sa.JSON(), nullable=True))
    op.add_column("customers", sa.Column("deleted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("channel_closures", sa.Column("address", sa.Text(), nullable=True))
    op.add_column("channel_closures", sa.Column("wish", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_channel_closures_address", "channel_closures", ["address"])
    op.execute("UPDATE channel_closures SET wish = true WHERE why IN ('opted out', 'complained')")
