"""The ledger's tables. `migrations/` creates them and the indexes of `indexes.py`; a test compares.

Money is an amount in minor units (BIGINT) beside its ISO 4217 currency. Times are UTC.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

REVISION = "0010"
"""The newest migration, with which these are the tables."""

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(sa.types.TypeDecorator[datetime]):
    """A moment. SQLite has no time zones: it is kept there as UTC without one, and comes back aware from both."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone cannot be written to the ledger")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite numbers rows by itself only when the key is exactly INTEGER.
_RowNumber = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, *arguments: Any, null: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), *arguments, nullable=null, primary_key=key)


def _moment(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UtcTime(), nullable=null)


def _case() -> sa.Column[Any]:
    return _text("invoice_id", sa.ForeignKey("cases.invoice_id"))


NOT_CLOSED = "status <> 'closed'"
NEW = "NOT passed_on"
WAITING = "state = 'waiting'"
OWED_AGAIN = "owed_again"


customers = sa.Table(
    "customers",
    metadata,
    sa.Column("customer_id", sa.Text(), primary_key=True),
    _text("name", null=True),
    _text("email", null=True),
    _text("phone", null=True),
    _text("country"),
    _text("language"),
    _text("time_zone", null=True),
    _text("segment"),
    # What the payment provider stated last, and whether it has the customer no more.
    sa.Column("stated", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("deleted", sa.Boolean(), nullable=False, server_default=sa.false()),
)

cases = sa.Table(
    "cases",
    metadata,
    # One invoice, one case, for ever: the workflow's id is only unique while the server remembers the workflow.
    sa.Column("invoice_id", sa.Text(), primary_key=True),
    _text("invoice_number", null=True),
    _text("customer_id", sa.ForeignKey("customers.customer_id")),
    _text("subscription_id", null=True),
    _text("segment"),
    _text("policy"),
    _text("policy_digest"),
    sa.Column("amount", sa.BigInteger(), nullable=False),
    sa.Column("remaining", sa.BigInteger(), nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    _moment("opened_at"),
    # The newest decision, as lists and reports show it.
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
    # What became of the money after the end. A payment that was taken back is owed again until it is billed anew, as
    # another invoice with a case of its own; what came in twice has to be given back, in `currency`.
    sa.Column("owed_again", sa.Boolean(), nullable=False, server_default=sa.false()),
    _text("reopened_as", null=True),
    _text("reopens", null=True),
    sa.Column("refund_due", sa.BigInteger(), nullable=False, server_default="0"),
    # The whole case as JSON: with it the case can be started anew if Temporal's database is lost.
    _text("state"),
    # Lists are read by page: each filter in the order in which the pages follow each other.
    sa.Index(None, "opened_at", "invoice_id"),
    sa.Index(None, "status", "opened_at", "invoice_id"),
    sa.Index(None, "customer_id", "opened_at", "invoice_id"),
    sa.Index(None, "segment", "opened_at", "invoice_id"),
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", _RowNumber, primary_key=True),
    _text("invoice_id"),
    # Ours belong to a case. The customer's own charge on an invoice without one uses up the card's budget too.
    _text("case_id", sa.ForeignKey("cases.invoice_id"), null=True),
    sa.Column("attempt", sa.Integer(), nullable=False),
    _text("event_id", null=True),
    _text("kind"),
    _text("key"),
    _text("step"),
    _text("state"),
    _moment("as_of"),
    _moment("started_at"),
    sa.Column("amount", sa.BigInteger(), nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    _text("network", null=True),
    _text("fingerprint", null=True),
    _text("outcome", null=True),
    _text("provider_id", null=True),
    sa.Column("reached_network", sa.Boolean(), nullable=False),
    sa.Column("decline", sa.JSON(none_as_null=True), nullable=True),
    # Attempt 0 is somebody else's charge and known by its event; all others are ours and known by their number.
    sa.CheckConstraint("(attempt = 0) = (event_id IS NOT NULL)", name="foreign_by_event"),
    sa.CheckConstraint("(attempt = 0) = (case_id IS NULL)", name="ours_have_a_case"),
    sa.UniqueConstraint("event_id"),
    sa.Index(None, "invoice_id", "as_of", "id"),
)

contacts = sa.Table(
    "contacts",
    metadata,
    sa.Column("id", _RowNumber, primary_key=True),
    _case(),
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
    _text("html", null=True),
    _text("address", null=True),
    # What it told of the case, and the customer's other invoices that it named: those say no more of it.
    sa.Column("said", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("names", sa.JSON(none_as_null=True), nullable=True),
    # What its provider said of it last.
    _text("delivery", null=True),
    sa.Column("delivery_why", sa.Text(), nullable=False, server_default=""),
    _moment("delivery_at", null=True),
    sa.UniqueConstraint("invoice_id", "step", "channel"),
    sa.Index(None, "key"),
    sa.Index(None, "invoice_id", "as_of", "id"),
)

access_wishes = sa.Table(
    "access_wishes",
    metadata,
    _text("invoice_id", sa.ForeignKey("cases.invoice_id"), key=True),
    _text("customer_id"),
    _text("subscription_id", null=True),
    _text("access"),
    _moment("as_of"),
    sa.Column("changes", sa.Integer(), nullable=False),
    sa.Index(None, "customer_id", "subscription_id"),
)

channel_closures = sa.Table(
    "channel_closures",
    metadata,
    # No foreign key: an opt-out is kept even when it comes before the customer's first case.
    _text("customer_id"),
    sa.Column("event_id", sa.Text(), primary_key=True),
    sa.Column("channel", sa.Text(), primary_key=True),
    # What the address is compared by (domain/addresses.py); NULL: not known, and so any of the customer's.
    _text("address", null=True),
    _text("why"),
    # The customer's own: it holds for the person, and for everybody who has the address.
    sa.Column("wish", sa.Boolean(), nullable=False, server_default=sa.false()),
    _moment("at"),
    sa.Index(None, "customer_id", "at", "event_id"),
    sa.Index(None, "address"),
)

disputes = sa.Table(
    "disputes",
    metadata,
    # No foreign key: a dispute may come before the customer's first case, and concern no invoice at all.
    sa.Column("dispute_id", sa.Text(), primary_key=True),
    _text("customer_id"),
    _text("status"),
    _moment("at"),
)

handoffs = sa.Table(
    "handoffs",
    metadata,
    sa.Column("handoff_id", sa.Text(), primary_key=True),
    _case(),
    _text("reference"),
    _moment("at"),
    sa.Index(None, "invoice_id"),
)

provider_events = sa.Table(
    "provider_events",
    metadata,
    sa.Column("provider", sa.Text(), primary_key=True),
    sa.Column("event_id", sa.Text(), primary_key=True),
    _text("kind"),
    _text("invoice_id", null=True),
    _moment("at"),
)

replies = sa.Table(
    "replies",
    metadata,
    sa.Column("customer_id", sa.Text(), sa.ForeignKey("customers.customer_id"), primary_key=True),
    sa.Column("event_id", sa.Text(), primary_key=True),
    _text("channel"),
    _moment("at"),
    _text("text"),
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", _RowNumber, primary_key=True),
    _text("provider"),
    _text("event_id"),
    _text("kind"),
    _text("body"),
    _moment("at"),
    _text("state"),
    sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
    _moment("next_try"),
    _text("result", null=True),
    sa.Column("note", sa.Text(), nullable=False, server_default=""),
    _text("invoice_id", null=True),
    sa.Column("ended_at", UtcTime(), nullable=True),
    sa.UniqueConstraint("event_id", "provider"),
    sa.Index(None, "state", "id"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("key_id", sa.Text(), primary_key=True),
    _text("name"),
    _text("scope"),
    _text("digest"),
    _moment("made_at"),
    _moment("expires_at", null=True),
    _moment("revoked_at", null=True),
)

api_answers = sa.Table(
    "api_answers",
    metadata,
    sa.Column("key_id", sa.Text(), primary_key=True),
    sa.Column("token", sa.Text(), primary_key=True),
    _text("digest"),
    sa.Column("status", sa.Integer(), nullable=True),
    sa.Column("body", sa.Text(), nullable=False, server_default=""),
    _moment("at"),
)

# Append-only: what was asked stays, also when its key is gone.
api_requests = sa.Table(
    "api_requests",
    metadata,
    sa.Column("id", _RowNumber, primary_key=True),
    _moment("at"),
    _text("request_id"),
    _text("key_id"),
    _text("name"),
    _text("method"),
    _text("path"),
    sa.Column("status", sa.Integer(), nullable=False),
)

# What the merchant's systems are told. Written with the entry of the record that it tells of.
outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", _RowNumber, primary_key=True),
    _text("message_id"),
    _case(),
    _text("type"),
    _moment("at"),
    sa.Column("data", sa.JSON(), nullable=False),
    # Whether each endpoint that wants it has its delivery.
    sa.Column("passed_on", sa.Boolean(), nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("message_id"),
    sa.Index(None, "at"),
)

endpoints = sa.Table(
    "endpoints",
    metadata,
    sa.Column("endpoint_id", sa.Text(), primary_key=True),
    _text("url"),
    _text("secret"),
    _text("old_secret", null=True),
    _moment("old_until", null=True),
    # NULL: every type.
    sa.Column("types", sa.JSON(none_as_null=True), nullable=True),
    _moment("made_at"),
    sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
    _moment("failing_since", null=True),
    _moment("next_try", null=True),
    sa.Column("note", sa.Text(), nullable=False, server_default=""),
    _moment("disabled_at", null=True),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    _text("endpoint_id", sa.ForeignKey("endpoints.endpoint_id"), key=True),
    sa.Column("event", _RowNumber, sa.ForeignKey("outbox.id"), primary_key=True, autoincrement=False),
    _text("invoice_id"),
    _text("state"),
    sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
    _moment("first_try", null=True),
    _moment("next_try", null=True),
    sa.Column("note", sa.Text(), nullable=False, server_default=""),
    sa.Index(None, "event"),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    _text("holder"),
    _moment("until"),
)

# Triggers refuse UPDATE, DELETE and TRUNCATE of the next two (see the migration).
policies = sa.Table(
    "policies",
    metadata,
    sa.Column("digest", sa.Text(), primary_key=True),
    _text("name"),
    sa.Column("version", sa.Integer(), nullable=False),
    _text("body"),
)

record = sa.Table(
    "record",
    metadata,
    sa.Column("id", _RowNumber, primary_key=True),
    _case(),
    _moment("at"),
    _text("step"),
    _text("what"),
    _text("why"),
    _text("rule", null=True),
    # What makes the entry different from another of the same step: empty for an effect, which happens once; the
    # moment for a decision; the attempt or the channel for what became of one.
    _text("occasion"),
    sa.UniqueConstraint("invoice_id", "step", "what", "occasion"),
    sa.Index(None, "invoice_id", "at", "id"),
)
