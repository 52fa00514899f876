"""The tables of the doors: what comes in, who may ask, what goes out. The others are in `schema.py`."""

import sqlalchemy as sa

from gateways.ledger.columns import RowNumber, UtcTime, metadata, moment, of_case, text_column

WAITING = "state = 'waiting'"
NOT_TAKEN = "state = 'given_up'"
NEW = "NOT passed_on"
inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", RowNumber, primary_key=True),
    text_column("provider"),
    text_column("event_id"),
    text_column("kind"),
    text_column("body"),
    moment("at"),
    text_column("state"),
    sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
    moment("next_try"),
    text_column("result", null=True),
    sa.Column("note", sa.Text(), nullable=False, server_default=""),
    text_column("invoice_id", null=True),
    sa.Column("ended_at", UtcTime(), nullable=True),
    sa.UniqueConstraint("event_id", "provider"),
    sa.Index(None, "state", "id"),
)

# Whoever has the code is led to the invoice's payment page.
short_links = sa.Table(
    "short_links",
    metadata,
    sa.Column("code", sa.Text(), primary_key=True),
    text_column("invoice_id"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("key_id", sa.Text(), primary_key=True),
    text_column("name"),
    text_column("scope"),
    text_column("digest"),
    moment("made_at"),
    moment("expires_at", null=True),
    moment("revoked_at", null=True),
)

api_answers = sa.Table(
    "api_answers",
    metadata,
    sa.Column("key_id", sa.Text(), primary_key=True),
    sa.Column("token", sa.Text(), primary_key=True),
    text_column("digest"),
    sa.Column("status", sa.Integer(), nullable=True),
    sa.Column("body", sa.Text(), nullable=False, server_default=""),
    sa.Column("headers", sa.JSON(), nullable=False, server_default="{}"),
    moment("at"),
)

# What was asked stays, also when its key is gone. Written before it is done, with the status of its answer after it.
api_requests = sa.Table(
    "api_requests",
    metadata,
    sa.Column("id", RowNumber, primary_key=True),
    moment("at"),
    text_column("request_id"),
    text_column("key_id"),
    text_column("name"),
    text_column("method"),
    text_column("path"),
    sa.Column("status", sa.Integer(), nullable=False),
)

# What the merchant's systems are told. Written with the entry of the record that it tells of.
outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", RowNumber, primary_key=True),
    text_column("message_id"),
    of_case(),
    text_column("type"),
    moment("at"),
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
    text_column("url"),
    text_column("secret"),
    text_column("old_secret", null=True),
    moment("old_until", null=True),
    # NULL: every type.
    sa.Column("types", sa.JSON(none_as_null=True), nullable=True),
    moment("made_at"),
    sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
    moment("failing_since", null=True),
    moment("next_try", null=True),
    sa.Column("note", sa.Text(), nullable=False, server_default=""),
    moment("disabled_at", null=True),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    text_column("endpoint_id", sa.ForeignKey("endpoints.endpoint_id"), key=True),
    sa.Column("event", RowNumber, sa.ForeignKey("outbox.id"), primary_key=True, autoincrement=False),
    text_column("invoice_id"),
    text_column("state"),
    sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
    moment("first_try", null=True),
    moment("next_try", null=True),
    sa.Column("note", sa.Text(), nullable=False, server_default=""),
    sa.Index(None, "event"),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    text_column("holder"),
    moment("until"),
)

sweeps = sa.Table(
    "sweeps",
    metadata,
    sa.Column("begun_at", UtcTime(), primary_key=True),
    moment("ended_at", null=True),
    text_column("state"),
)

bulk_orders = sa.Table(
    "bulk_orders",
    metadata,
    sa.Column("number", RowNumber, primary_key=True),
    text_column("bulk_id"),
    text_column("name"),
    sa.Column("body", sa.JSON(), nullable=False),
    # NULL: the cases were named.
    sa.Column("chosen", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("dry_run", sa.Boolean(), nullable=False),
    text_column("key_id"),
    text_column("by"),
    moment("made_at"),
    text_column("state"),
    sa.Column("selected", sa.Boolean(), nullable=False),
    text_column("place", null=True),
    sa.Column("note", sa.Text(), nullable=False, server_default=""),
    moment("cancelled_at", null=True),
    moment("ended_at", null=True),
    sa.UniqueConstraint("bulk_id"),
    sa.Index(None, "state"),
)

# One row for each case of a bulk order. A case is ordered under its number: a second try is the same order.
bulk_lines = sa.Table(
    "bulk_lines",
    metadata,
    text_column("bulk_id", sa.ForeignKey("bulk_orders.bulk_id"), key=True),
    sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
    text_column("invoice_id"),
    text_column("state"),
    sa.Column("version", sa.Text(), nullable=False, server_default=""),
    sa.Column("then", sa.Text(), nullable=False, server_default=""),
    sa.Column("why", sa.Text(), nullable=False, server_default=""),
    sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
    moment("asked_at", null=True),
    sa.Column("audit", RowNumber, sa.ForeignKey("api_requests.id"), nullable=True),
    sa.UniqueConstraint("bulk_id", "invoice_id"),
    sa.Index(None, "bulk_id", "state", "tries", "number"),
)
