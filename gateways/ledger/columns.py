"""What every table of the ledger is made of.

Money is an amount in minor units (BIGINT) beside its ISO 4217 currency. Times are UTC.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

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
RowNumber = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text_column(name: str, *arguments: Any, null: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), *arguments, nullable=null, primary_key=key)


def moment(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UtcTime(), nullable=null)


def of_case() -> sa.Column[Any]:
    return text_column("invoice_id", sa.ForeignKey("cases.invoice_id"))
