"""The first tables: customers, cases, attempts, contacts, closures, handoffs, provider events, timeline."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MESSAGE = "the timeline is append-only: write a new line in place of changing one"


def _row_number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", _row_number(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("as_of", _moment(), nullable=False),
        sa.Column("started_at", _moment(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("reached_network", sa.Boolean(), nullable=False),
        sa.Column("decline", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("not_before", _moment(), nullable=True),
        sa.CheckConstraint("(attempt = 0) = (event_id IS NOT NULL)", name="ck_attempts_foreign_by_event"),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.UniqueConstraint("event_id", name="uq_attempts_event_id"),
    )
    op.create_index("ix_attempts_fingerprint_as_of", "attempts", ["fingerprint", "as_of"])
    op.create_index("ix_attempts_invoice_id", "attempts", ["invoice_id"])
    op.create_index(
        "uq_attempts_invoice_id_attempt",
        "attempts",
        ["invoice_id", "attempt"],
        unique=True,
        sqlite_where=sa.text("attempt > 0"),
        postgresql_where=sa.text("attempt > 0"),
    )
    op.create_table(
        "channel_closures",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "channel", name="pk_channel_closures"),
    )
    op.create_index("ix_channel_closures_customer_id", "channel_closures", ["customer_id"])
    op.create_table(
        "customers",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="pk_customers"),
    )
    op.create_table(
        "provider_events",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column("at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "event_id", name="pk_provider_events"),
    )
    op.create_table(
        "cases",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("invoice_number", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("policy_digest", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("opened_at", _moment(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decline_code", sa.Text(), nullable=True),
        sa.Column("decline_class", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("closed_at", _moment(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="fk_cases_customer_id"),
        sa.PrimaryKeyConstraint("invoice_id", name="pk_cases"),
    )
    op.create_index("ix_cases_customer_id", "cases", ["customer_id"])
    op.create_index("ix_cases_status_opened_at", "cases", ["status", "opened_at"])
    op.create_table(
        "contacts",
        sa.Column("id", _row_number(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("as_of", _moment(), nullable=False),
        sa.Column("started_at", _moment(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["cases.invoice_id"], name="fk_contacts_invoice_id"),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        sa.UniqueConstraint("invoice_id", "step", "channel", name="uq_contacts_invoice_id_step_channel"),
    )
    op.create_table(
        "handoffs",
        sa.Column("handoff_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["cases.invoice_id"], name="fk_handoffs_invoice_id"),
        sa.PrimaryKeyConstraint("handoff_id", name="pk_handoffs"),
    )
    op.create_index("ix_handoffs_invoice_id", "handoffs", ["invoice_id"])
    op.create_table(
        "timeline",
        sa.Column("id", _row_number(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["cases.invoice_id"], name="fk_timeline_invoice_id"),
        sa.PrimaryKeyConstraint("id", name="pk_timeline"),
        sa.UniqueConstraint("invoice_id", "step", "what", "occasion", name="uq_timeline_invoice_id_step_what_occasion"),
    )

    if op.get_bind().dialect.name == "postgresql":
        _protect_timeline_on_postgresql()
    else:
        _protect_timeline_on_sqlite()


def _protect_timeline_on_sqlite() -> None:
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER timeline_refuses_{change.lower()} BEFORE {change} ON timeline "
            f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        )


def _protect_timeline_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION timeline_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_MESSAGE}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER timeline_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON timeline "
        "FOR EACH STATEMENT EXECUTE FUNCTION timeline_is_append_only()"
    )
