"""The ledger's tables; those of the doors are in `schema_doors.py`. `migrations/` creates them all, and the indexes of
`indexes.py`; a test compares.
"""

import sqlalchemy as sa

from gateways.ledger.columns import RowNumber, metadata, moment, of_case, text_column

REVISION = "0037"
"""The newest migration, with which these are the tables."""

NOT_CLOSED = "status <> 'closed'"
OWED_AGAIN = "owed_again"


customers = sa.Table(
    "customers",
    metadata,
    sa.Column("customer_id", sa.Text(), primary_key=True),
    text_column("name", null=True),
    text_column("email", null=True),
    text_column("phone", null=True),
    text_column("line_user_id", null=True),
    text_column("postal_address", null=True),
    text_column("preferred_channel", null=True),
    text_column("call_hours", null=True),
    moment("call_hours_at", null=True),
    text_column("country"),
    sa.Column("region", sa.Text(), nullable=False, server_default=""),  # state or province
    text_column("language"),
    text_column("time_zone", null=True),
    text_column("segment"),
    # What the payment provider stated last, and whether it has the customer no more.
    sa.Column("stated", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("deleted", sa.Boolean(), nullable=False, server_default=sa.false()),
    # Their data was erased, and what the provider states of them is not taken up again before the next case.
    moment("erased_at", null=True),
)

cases = sa.Table(
    "cases",
    metadata,
    # One invoice, one case, for ever: the workflow's id is only unique while the server remembers the workflow.
    sa.Column("invoice_id", sa.Text(), primary_key=True),
    text_column("invoice_number", null=True),
    text_column("customer_id", sa.ForeignKey("customers.customer_id")),
    text_column("subscription_id", null=True),
    text_column("segment"),
    text_column("policy"),
    text_column("policy_digest"),
    sa.Column("amount", sa.BigInteger(), nullable=False),
    sa.Column("remaining", sa.BigInteger(), nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    moment("opened_at"),
    # The newest decision, as lists and reports show it.
    text_column("status"),
    text_column("stage"),
    text_column("decline_code", null=True),
    text_column("decline_class", null=True),
    text_column("access"),
    text_column("hold", null=True),
    moment("next_at", null=True),
    text_column("next_step", null=True),
    text_column("why"),
    moment("decided_at", null=True),
    text_column("outcome", null=True),
    moment("closed_at", null=True),
    # What became of the money after the end. A payment that was taken back is owed again until it is billed anew, as
    # another invoice with a case of its own; what came in twice has to be given back, in `currency`.
    sa.Column("owed_again", sa.Boolean(), nullable=False, server_default=sa.false()),
    text_column("reopened_as", null=True),
    text_column("reopens", null=True),
    sa.Column("refund_due", sa.BigInteger(), nullable=False, server_default="0"),
    # The whole case as JSON: with it the case can be started anew if Temporal's database is lost.
    text_column("state"),
    # Lists are read by page: each filter in the order in which the pages follow each other.
    sa.Index(None, "opened_at", "invoice_id"),
    sa.Index(None, "status", "opened_at", "invoice_id"),
    sa.Index(None, "customer_id", "opened_at", "invoice_id"),
    sa.Index(None, "segment", "opened_at", "invoice_id"),
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", RowNumber, primary_key=True),
    text_column("invoice_id"),
    # Ours belong to a case. The customer's own charge on an invoice without one uses up the card's budget too.
    text_column("case_id", sa.ForeignKey("cases.invoice_id"), null=True),
    sa.Column("attempt", sa.Integer(), nullable=False),
    text_column("event_id", null=True),
    text_column("kind"),
    text_column("key"),
    text_column("step"),
    text_column("state"),
    moment("as_of"),
    moment("started_at"),
    sa.Column("amount", sa.BigInteger(), nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    text_column("network", null=True),
    text_column("fingerprint", null=True),
    text_column("outcome", null=True),
    text_column("provider_id", null=True),
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
    sa.Column("id", RowNumber, primary_key=True),
    of_case(),
    text_column("step"),
    text_column("channel"),
    text_column("stage"),
    text_column("key"),
    text_column("state"),
    moment("as_of"),
    moment("started_at"),
    text_column("provider_id", null=True),
    text_column("subject"),
    text_column("text"),
    text_column("html", null=True),
    text_column("address", null=True),
    # What the address is compared by (domain/addresses.py), whoever's it is; NULL as that.
    text_column("place", null=True),
    # What it told of the case, and the customer's other invoices that it named: those say no more of it.
    sa.Column("said", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("names", sa.JSON(none_as_null=True), nullable=True),
    # What its provider said of it last.
    text_column("delivery", null=True),
    sa.Column("delivery_why", sa.Text(), nullable=False, server_default=""),
    moment("delivery_at", null=True),
    # A notice in the merchant's application, once it was taken back.
    moment("withdrawn_at", null=True),
    sa.UniqueConstraint("invoice_id", "step", "channel"),
    sa.Index(None, "key"),
    sa.Index(None, "invoice_id", "as_of", "id"),
)

# What is said before a subscription renews. No case: nothing has failed.
notices = sa.Table(
    "notices",
    metadata,
    text_column("key", key=True),
    text_column("customer_id"),
    text_column("subscription_id"),
    text_column("notice"),
    moment("renews_at"),
    text_column("segment"),
    text_column("policy"),
    text_column("channel"),
    text_column("state"),
    moment("as_of"),
    moment("started_at"),
    text_column("provider_id", null=True),
    text_column("subject"),
    text_column("text"),
    text_column("html", null=True),
    text_column("address", null=True),
    # As of a contact.
    text_column("place", null=True),
    text_column("why"),
    text_column("rule", null=True),
    text_column("delivery", null=True),
    text_column("delivery_why"),
    moment("delivery_at", null=True),
    sa.Index(None, "customer_id", "as_of"),
    sa.Index(None, "place", "as_of"),
)

# The queue of calls for people of the merchant.
call_tasks = sa.Table(
    "call_tasks",
    metadata,
    text_column("call_id", key=True),
    of_case(),
    text_column("customer_id"),
    text_column("step"),
    text_column("state"),
    moment("as_of"),
    moment("call_from"),
    moment("until"),
    sa.Column("zones", sa.JSON(), nullable=False),
    sa.Column("windows", sa.JSON(), nullable=False),
    sa.Column("offers", sa.JSON(), nullable=False),
    sa.Column("said", sa.JSON(), nullable=False),
    text_column("why"),
    text_column("address", null=True),
    # As of a contact.
    text_column("place", null=True),
    text_column("taken_by"),
    moment("taken_until", null=True),
    moment("ended_at", null=True),
    text_column("end_why"),
    sa.Column("made_by", sa.Text(), nullable=False, server_default="person"),
    sa.Index(None, "invoice_id"),
    sa.Index(None, "customer_id"),
    sa.Index(None, "state", "call_from", "call_id"),
)

# Each call that somebody has taken up. It counts for what the person gets unless it was given back.
calls = sa.Table(
    "calls",
    metadata,
    sa.Column("id", RowNumber, primary_key=True),
    text_column("call_id", sa.ForeignKey("call_tasks.call_id")),
    of_case(),
    sa.Column("number", sa.Integer(), nullable=False),
    text_column("by"),
    moment("at"),
    text_column("place", null=True),
    sa.Column("given_back", sa.Boolean(), nullable=False),
    text_column("result", null=True),
    moment("result_at", null=True),
    sa.Column("conversation", sa.Boolean(), nullable=False),
    # Of the automatic service: the provider's id, and what was pressed.
    text_column("provider_id", null=True),
    sa.Column("confirmed", sa.Boolean(), nullable=False, server_default=sa.false()),
    text_column("heard", null=True),
    sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("call_id", "number"),
    sa.Index(None, "invoice_id", "at"),
    sa.Index(None, "place", "at"),
    sa.Index(None, "provider_id", unique=True),
)

access_wishes = sa.Table(
    "access_wishes",
    metadata,
    text_column("invoice_id", sa.ForeignKey("cases.invoice_id"), key=True),
    text_column("customer_id"),
    text_column("subscription_id", null=True),
    text_column("access"),
    moment("as_of"),
    sa.Column("changes", sa.Integer(), nullable=False),
    sa.Index(None, "customer_id", "subscription_id"),
)

channel_closures = sa.Table(
    "channel_closures",
    metadata,
    # No foreign key: an opt-out is kept even when it comes before the customer's first case.
    sa.Column("customer_id", sa.Text(), primary_key=True),
    sa.Column("event_id", sa.Text(), primary_key=True),
    sa.Column("channel", sa.Text(), primary_key=True),
    # What the address is compared by (domain/addresses.py); NULL: not known, and so any of the customer's.
    text_column("address", null=True),
    text_column("why"),
    # The customer's own: it holds for the person, and for everybody who has the address.
    sa.Column("wish", sa.Boolean(), nullable=False, server_default=sa.false()),
    moment("at"),
    sa.Column("source", sa.Text(), nullable=False, server_default=""),
    sa.Column("proof", sa.Text(), nullable=False, server_default=""),
    moment("opened_at", null=True),
    text_column("opened_by", null=True),
    sa.Index(None, "customer_id", "at", "event_id"),
    sa.Index(None, "address"),
)

# What the customer wants; what they do not want is a closure. No foreign key, as there.
opt_ins = sa.Table(
    "opt_ins",
    metadata,
    sa.Column("customer_id", sa.Text(), primary_key=True),
    sa.Column("event_id", sa.Text(), primary_key=True),
    sa.Column("channel", sa.Text(), primary_key=True),
    text_column("source"),
    text_column("proof"),
    moment("at"),
    sa.Column("purpose", sa.Text(), nullable=False, server_default="service"),
    text_column("address", null=True),
)

# What protects the person from every effect of every case. No foreign key, as above.
protections = sa.Table(
    "protections",
    metadata,
    sa.Column("customer_id", sa.Text(), primary_key=True),
    sa.Column("event_id", sa.Text(), primary_key=True),
    sa.Column("protection", sa.Text(), primary_key=True),
    moment("since"),
    moment("until", null=True),
    text_column("source"),
    text_column("by"),
    text_column("note"),
    moment("ended_at", null=True),
    text_column("ended_by"),
    text_column("end_note"),
)

# No foreign key to the customer, as above. A trigger refuses UPDATE; with a customer's data they can be erased.
acceptances = sa.Table(
    "acceptances",
    metadata,
    sa.Column("customer_id", sa.Text(), primary_key=True),
    sa.Column("event_id", sa.Text(), primary_key=True),
    text_column("version", sa.ForeignKey("terms_versions.version")),
    text_column("language"),
    moment("at"),
    text_column("where"),
    text_column("by"),
    sa.Index(None, "customer_id", "at", "event_id"),
)

disputes = sa.Table(
    "disputes",
    metadata,
    # No foreign key: a dispute may come before the customer's first case, and concern no invoice at all.
    sa.Column("dispute_id", sa.Text(), primary_key=True),
    text_column("customer_id"),
    text_column("status"),
    moment("at"),
)

handoffs = sa.Table(
    "handoffs",
    metadata,
    sa.Column("handoff_id", sa.Text(), primary_key=True),
    of_case(),
    text_column("reference"),
    moment("at"),
    sa.Index(None, "invoice_id"),
    sa.Index(None, "reference"),
)

provider_events = sa.Table(
    "provider_events",
    metadata,
    sa.Column("provider", sa.Text(), primary_key=True),
    sa.Column("event_id", sa.Text(), primary_key=True),
    text_column("kind"),
    text_column("invoice_id", null=True),
    moment("at"),
)

replies = sa.Table(
    "replies",
    metadata,
    sa.Column("customer_id", sa.Text(), sa.ForeignKey("customers.customer_id"), primary_key=True),
    sa.Column("event_id", sa.Text(), primary_key=True),
    text_column("channel"),
    moment("at"),
    text_column("text"),
)

# Triggers refuse UPDATE, DELETE and TRUNCATE of the next three (see the migrations).
terms_versions = sa.Table(
    "terms_versions",
    metadata,
    sa.Column("version", sa.Text(), primary_key=True),
    moment("since"),
    text_column("body"),
)

policies = sa.Table(
    "policies",
    metadata,
    sa.Column("digest", sa.Text(), primary_key=True),
    text_column("name"),
    sa.Column("version", sa.Integer(), nullable=False),
    text_column("body"),
)

record = sa.Table(
    "record",
    metadata,
    sa.Column("id", RowNumber, primary_key=True),
    of_case(),
    moment("at"),
    text_column("step"),
    text_column("what"),
    text_column("why"),
    text_column("rule", null=True),
    # What makes the entry different from another of the same step: empty for an effect, which happens once; the
    # moment for a decision; the attempt or the channel for what became of one.
    text_column("occasion"),
    sa.UniqueConstraint("invoice_id", "step", "what", "occasion"),
    sa.Index(None, "invoice_id", "at", "id"),
)
