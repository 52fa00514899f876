"""Keys of the API, the answers that stand for a caller's token, and the audit of requests."""

import sqlalchemy as sa
from alembic import op

from gateways.ledger.columns import UtcTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _moment(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, UtcTime(), nullable=null)


def upgrade() -> None:
    op.create_table(
        "api_keys",
        *(_text(name) for name in ("key_id", "name", "scope", "digest")),
        _moment("made_at"),
        _moment("expires_at", null=True),
        _moment("revoked_at", null=True),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_keys"),
    )
    op.create_table(
        "api_answers",
        *(_text(name) for name in ("key_id", "token", "digest")),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False, server_default=""),
        _moment("at"),
        sa.PrimaryKeyConstraint("key_id", "token", name="pk_api_answers"),
    )
    op.create_table(
        "api_requests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        _moment("at"),
        *(_text(name) for name in ("request_id", "key_id", "name", "method", "path")),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_requests"),
    )
