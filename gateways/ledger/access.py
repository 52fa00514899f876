"""Access wishes: how much of the service each case would leave, and what they come to for one subscription."""

from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from domain.kinds.access import AccessWish, Standing, strictest
from domain.steps import Access
from gateways.ledger.locks import lock
from gateways.ledger.schema import access_wishes, cases
from gateways.ledger.transactions import Book

_wish = access_wishes.c
_COUNTED = sa.select(_wish.access, _wish.changes, (cases.c.status == "closed").label("closed")).join_from(
    access_wishes, cases, cases.c.invoice_id == _wish.invoice_id
)
_OF_CUSTOMER = _wish.customer_id == sa.bindparam("of")
_OF_SUBSCRIPTION = _COUNTED.where(_OF_CUSTOMER, _wish.subscription_id == sa.bindparam("subscription"))
_WITHOUT_SUBSCRIPTION = _COUNTED.where(_OF_CUSTOMER, _wish.subscription_id.is_(None))


class SqlAccess(Book):
    """`ports.AccessBook` in SQL."""

    def wish_access(self, wish: AccessWish) -> Standing:
        with self._database.writing(of=wish.invoice_id) as connection:
            lock(connection, f"access {wish.customer_id} {wish.subscription_id or ''}")
            connection.execute(_write(connection.dialect.name), wish.model_dump() | {"changes": 1})
            return _standing(connection, wish.customer_id, wish.subscription_id)

    def access_of(self, customer_id: str, subscription_id: str | None) -> Standing:
        with self._database.reading() as connection:
            return _standing(connection, customer_id, subscription_id)


@cache
def _write(dialect: str) -> sa.Executable:
    """Keeps the wish unless the case has a newer one, and counts how often it changed."""
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(access_wishes)
    new = insert.excluded
    changes = _wish.changes + sa.case((_wish.access == new.access, 0), else_=1)
    return insert.on_conflict_do_update(
        index_elements=[_wish.invoice_id],
        set_={"access": new.access, "as_of": new.as_of, "changes": changes},
        where=_wish.as_of <= new.as_of,
    )


def _standing(connection: sa.Connection, customer_id: str, subscription_id: str | None) -> Standing:
    if subscription_id is None:
        found = connection.execute(_WITHOUT_SUBSCRIPTION, {"of": customer_id}).all()
    else:
        found = connection.execute(_OF_SUBSCRIPTION, {"of": customer_id, "subscription": subscription_id}).all()
    return Standing(
        access=strictest(Access(row.access) for row in found if not row.closed),
        changes=sum(row.changes for row in found),
    )
