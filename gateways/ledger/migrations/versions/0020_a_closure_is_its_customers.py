"""A closure is known by its customer too: two customers of a billing system may have event ids of the same name."""

from alembic import op

revision = "0020"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("channel_closures") as closures:
        closures.drop_constraint("pk_channel_closures", type_="primary")
        closures.create_primary_key("pk_channel_closures", ["customer_id", "event_id", "channel"])
