"""Customers, a page at a time, with what they owe and what was said to them."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from domain.money import Money
from gateways.ledger.schema import NOT_CLOSED, cases, contacts, customers
from gateways.ledger.transactions import Book
from gateways.ports.directory import ContactMade, Owed
from gateways.ports.messages import Address
from gateways.ports.rows import CustomerRow

_ALL = sa.select(*(customers.c[name] for name in CustomerRow.model_fields)).order_by(customers.c.customer_id)
_PAGE = _ALL.where(customers.c.customer_id > sa.bindparam("after")).limit(sa.bindparam("most"))
_IDS: sa.BindParameter[list[str]] = sa.bindparam("ids", expanding=True)
_THESE = _ALL.where(customers.c.customer_id.in_(_IDS))
_OWED = (
    sa.select(
        cases.c.customer_id,
        cases.c.currency,
        sa.func.sum(cases.c.remaining).label("due"),
        sa.func.count().label("cases"),
    )
    .where(cases.c.customer_id.in_(_IDS), sa.text(NOT_CLOSED))
    .group_by(cases.c.customer_id, cases.c.currency)
    .order_by(cases.c.customer_id, cases.c.currency)
)
_CONTACTS = (
    sa.select(*(contacts.c[name] for name in ("invoice_id", "channel", "stage", "state", "delivery")))
    .add_columns(contacts.c.as_of.label("at"))
    .join_from(cases, contacts, contacts.c.invoice_id == cases.c.invoice_id)
    .where(contacts.c.as_of >= sa.bindparam("since"))
    .order_by(contacts.c.as_of, contacts.c.id)
)
_WITH = _CONTACTS.where(cases.c.customer_id == sa.bindparam("of"))
_KEYS: sa.BindParameter[list[str]] = sa.bindparam("keys", expanding=True)
_BESIDE = _CONTACTS.where(contacts.c.place.in_(_KEYS), cases.c.customer_id != sa.bindparam("of"))


class SqlDirectory(Book):
    """`ports.directory.CustomerDirectory` in SQL."""

    def customers(self, after: str = "", limit: int = 50) -> list[CustomerRow]:
        with self._database.reading() as connection:
            found = connection.execute(_PAGE, {"after": after, "most": limit}).mappings()
            return [CustomerRow(**row) for row in found]

    def customers_by_id(self, ids: Sequence[str]) -> list[CustomerRow]:
        with self._database.reading() as connection:
            return [CustomerRow(**row) for row in connection.execute(_THESE, {"ids": [*ids]}).mappings()]

    def owed_by(self, ids: Sequence[str]) -> list[Owed]:
        with self._database.reading() as connection:
            found = connection.execute(_OWED, {"ids": [*ids]})
            return [
                Owed(row.customer_id, Money(amount=int(row.due), currency=row.currency), row.cases) for row in found
            ]

    def contacts_with(self, customer_id: str, since: datetime) -> list[ContactMade]:
        with self._database.reading() as connection:
            found = connection.execute(_WITH, {"of": customer_id, "since": since}).mappings()
            return [ContactMade(**row) for row in found]

    def contacts_beside(self, to: Address, since: datetime) -> list[ContactMade]:
        with self._database.reading() as connection:
            found = connection.execute(_BESIDE, {"of": to.customer_id, "keys": to.keys, "since": since}).mappings()
            return [ContactMade(**row) for row in found]
