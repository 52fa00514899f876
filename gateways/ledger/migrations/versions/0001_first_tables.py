"""The first tables: customers, cases, attempts, contacts, closures, handoffs, provider events, policies, record."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MESSAGES = {
    "policies": "a policy is immutable, cases run with it: keep a new version under its own digest",
    "record": "the record is append-only: write a new entry in place of changing one",
}


def _text(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=null)


def _moment(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _row_number() -> sa.Column[Any]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _of_case(table: str, column: str = "invoice_id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["cases.invoice_id"], name=f"fk_{table}_{column}")


def _index_some(name: str, table: str, columns: Sequence[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    _create_people_and_events()
    _create_cases()
    _create_attempts()
    _create_what_was_said()
    for table, message in _MESSAGES.items():
        if op.get_bind().dialect.name == "postgresql":
            _protect_on_postgresql(table, message)
        else:
            _protect_on_sqlite(table, message)


def _create_people_and_events() -> None:
    op.create_table(
        "customers",
        _text("customer_id"),
        _text("name", null=True),
        _text("email", null=True),
        _text("phone", null=True),
        _text("country"),
        _text("language"),
        _text("time_zone", null=True),
        _text("segment"),
        sa.PrimaryKeyConstraint("customer_id", name="pk_customers"),
    )
    op.create_table(
        "channel_closures",
        _text("customer_id"),
        _text("event_id"),
        _text("channel"),
        _text("why"),
        _moment("at"),
        sa.PrimaryKeyConstraint("event_id", "channel", name="pk_channel_closures"),
    )
    op.create_index(
        "ix_channel_closures_customer_id_at_event_id", "channel_closures", ["customer_id", "at", "event_id"]
    )
    op.create_table(
        "provider_events",
        _text("provider"),
        _text("event_id"),
        _text("kind"),
        _text("invoice_id", null=True),
        _moment("at"),
        sa.PrimaryKeyConstraint("provider", "event_id", name="pk_provider_events"),
    )
    op.create_table(
        "policies",
        _text("digest"),
        _text("name"),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("body"),
        sa.PrimaryKeyConstraint("digest", name="pk_policies"),
    )


def _create_cases() -> None:
    op.create_table(
        "cases",
        _text("invoice_id"),
        _text("invoice_number", null=True),
        _text("customer_id"),
        _text("subscription_id", null=True),
        _text("segment"),
        _text("policy"),
        _text("policy_digest"),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        _moment("opened_at"),
        _text("status"),
        _text("stage"),
        _text("decline_code", null=True),
        _text("decline_class", null=True),
        _text("access"),
        _text("hold", null=True),
        _moment("next_at", null=True),
        _text("next_step", null=True),
        _text("why"),
        _moment("decided_at", null=True),
        _text("outcome", null=True),
        _moment("closed_at", null=True),
        _text("state"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="fk_cases_customer_id"),
        sa.PrimaryKeyConstraint("invoice_id", name="pk_cases"),
    )
    op.create_index("ix_cases_opened_at_invoice_id", "cases", ["opened_at", "invoice_id"])
    for column in ("status", "customer_id", "segment"):
        op.create_index(f"ix_cases_{column}_opened_at_invoice_id", "cases", [column, "opened_at", "invoice_id"])
    _index_some("ix_cases_not_closed", "cases", ["invoice_id"], "status <> 'closed'")


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        _row_number(),
        _text("invoice_id"),
        _text("case_id", null=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        _text("event_id", null=True),
        _text("kind"),
        _text("key"),
        _text("step"),
        _text("state"),
        _moment("as_of"),
        _moment("started_at"),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        _text("network", null=True),
        _text("fingerprint", null=True),
        _text("outcome", null=True),
        _text("provider_id", null=True),
        sa.Column("reached_network", sa.Boolean(), nullable=False),
        sa.Column("decline", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint("(attempt = 0) = (event_id IS NOT NULL)", name="ck_attempts_foreign_by_event"),
        sa.CheckConstraint("(attempt = 0) = (case_id IS NULL)", name="ck_attempts_ours_have_a_case"),
        _of_case("attempts", "case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.UniqueConstraint("event_id", name="uq_attempts_event_id"),
    )
    op.create_index("ix_attempts_invoice_id_as_of_id", "attempts", ["invoice_id", "as_of", "id"])
    _index_some("uq_attempts_invoice_id_attempt", "attempts", ["invoice_id", "attempt"], "attempt > 0", unique=True)
    _index_some("ix_attempts_card", "attempts", ["fingerprint", "as_of"], "fingerprint IS NOT NULL")
    _index_some("ix_attempts_no_fingerprint", "attempts", ["invoice_id", "as_of"], "fingerprint IS NULL")


def _create_what_was_said() -> None:
    op.create_table(
        "contacts",
        _row_number(),
        _text("invoice_id"),
        _text("step"),
        _text("channel"),
        _text("stage"),
        _text("key"),
        _text("state"),
        _moment("as_of"),
        _moment("started_at"),
        _text("provider_id", null=True),
        _text("subject"),
        _text("text"),
        _of_case("contacts"),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        sa.UniqueConstraint("invoice_id", "step", "channel", name="uq_contacts_invoice_id_step_channel"),
    )
    op.create_index("ix_contacts_invoice_id_as_of_id", "contacts", ["invoice_id", "as_of", "id"])
    op.create_table(
        "handoffs",
        _text("handoff_id"),
        _text("invoice_id"),
        _text("reference"),
        _moment("at"),
        _of_case("handoffs"),
        sa.PrimaryKeyConstraint("handoff_id", name="pk_handoffs"),
    )
    op.create_index("ix_handoffs_invoice_id", "handoffs", ["invoice_id"])
    op.create_table(
        "record",
        _row_number(),
        _text("invoice_id"),
        _moment("at"),
        _text("step"),
        _text("what"),
        _text("why"),
        _text("rule", null=True),
        _text("occasion"),
        _of_case("record"),
        sa.PrimaryKeyConstraint("id", name="pk_record"),
        sa.UniqueConstraint("invoice_id", "step", "what", "occasion", name="uq_record_invoice_id_step_what_occasion"),
    )
    op.create_index("ix_record_invoice_id_at_id", "record", ["invoice_id", "at", "id"])


def _protect_on_sqlite(table: str, message: str) -> None:
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_refuses_{change.lower()} BEFORE {change} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )


def _protect_on_postgresql(table: str, message: str) -> None:
    op.execute(
        f"CREATE FUNCTION {table}_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuses()"
    )
