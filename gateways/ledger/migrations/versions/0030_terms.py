"""Versions of the terms, and who has agreed to which."""

import sqlalchemy as sa
from alembic import op

from gateways.ledger.columns import UtcTime

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_CHANGES = {
    # What somebody agreed to has to be readable as it was.
    "terms_versions": ("terms are immutable: keep a new version under its own name", ("UPDATE", "DELETE")),
    # A customer whose data is erased takes their acceptances along.
    "acceptances": ("an acceptance is append-only: write a new one in place of changing one", ("UPDATE",)),
}


def upgrade() -> None:
    op.create_table(
        "terms_versions",
        sa.Column("version", sa.Text(), primary_key=True),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_table(
        "acceptances",
        sa.Column("customer_id", sa.Text(), primary_key=True),
        sa.Column("event_id", sa.Text(), primary_key=True),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("where", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["version"], ["terms_versions.version"], name="fk_acceptances_version"),
    )
    op.create_index("ix_acceptances_customer_id_at_event_id", "acceptances", ["customer_id", "at", "event_id"])
    protect = _protect_on_postgresql if op.get_bind().dialect.name == "postgresql" else _protect_on_sqlite
    for table, (message, changes) in _CHANGES.items():
        protect(table, message, changes)


def _protect_on_sqlite(table: str, message: str, changes: tuple[str, ...]) -> None:
    for change in changes:
        op.execute(
            f"CREATE TRIGGER {table}_refuses_{change.lower()} BEFORE {change} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )


def _protect_on_postgresql(table: str, message: str, changes: tuple[str, ...]) -> None:
    op.execute(
        f"CREATE FUNCTION {table}_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}'; END $$"
    )
    refused = " OR ".join([*changes, *(["TRUNCATE"] if "DELETE" in changes else [])])
    op.execute(
        f"CREATE TRIGGER {table}_refuses_change BEFORE {refused} ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuses()"
    )
