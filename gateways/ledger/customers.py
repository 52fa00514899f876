"""Customers: the one place for names and addresses, and for what is closed to us."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from domain.addresses import FIELDS
from domain.steps import Channel
from gateways.customer_rows import brought_up_to_date, statement
from gateways.ledger.calls import withdraw_calls_to
from gateways.ledger.inserts import insert_once
from gateways.ledger.rows import without_nul
from gateways.ledger.schema import channel_closures, customers, replies
from gateways.ledger.transactions import Book
from gateways.ports.messages import Address, Recipient
from gateways.ports.rows import Closure, CustomerRow, Reply
from gateways.ports.trouble import NotFound

DELETED = "the customer was deleted at the payment provider"

_closure = channel_closures.c
_OF: sa.BindParameter[str] = sa.bindparam("of")
_PLACES: dict[Channel, sa.BindParameter[str]] = {channel: sa.bindparam(f"at_{channel}") for channel in Channel}
_COLUMNS = {channel: customers.c[field] for channel, field in FIELDS.items()}
_IS_OF = customers.c.customer_id == _OF
_CUSTOMER = sa.select(*(customers.c[name] for name in CustomerRow.model_fields)).where(_IS_OF)
_NOT_ERASED = _CUSTOMER.where(customers.c.erased_at.is_(None))
_ADDRESS = sa.select(*(customers.c[name] for name in Address.model_fields), customers.c.deleted).where(_IS_OF)
_FOUND = sa.select(*(_closure[name] for name in Closure.model_fields))
# Two halves, each with an index of its own.
_STANDS = _closure.opened_at.is_(None)
_STOOD = sa.or_(_STANDS, _closure.opened_by == sa.bindparam("event"))
_CLOSURES = sa.union_all(
    _FOUND.where(_closure.customer_id == _OF, _STOOD),
    _FOUND.where(_closure.address.in_(list(_PLACES.values())), _STOOD),
)
_AT = _FOUND.where(_closure.address == sa.bindparam("place"), _closure.channel == sa.bindparam("on"), _STOOD)
_DELETE = sa.update(customers).where(_IS_OF).values(deleted=True)


class SqlCustomers(Book):
    """`ports.CustomerBook` in SQL."""

    def address(self, customer_id: str) -> Address:
        with self._database.reading() as connection:
            return _address(connection, customer_id).address

    def customer(self, customer_id: str) -> CustomerRow | None:
        with self._database.reading() as connection:
            found = connection.execute(_CUSTOMER, {"of": customer_id}).mappings().one_or_none()
            return CustomerRow(**found) if found else None

    def recipient(self, customer_id: str) -> Recipient:
        with self._database.reading() as connection:
            known = _address(connection, customer_id)
            closed = _closed(connection, known.address, deleted=known.deleted)
            return Recipient(address=known.address, closed_channels=closed)

    def closed_channels(self, customer_id: str) -> dict[Channel, str]:
        with self._database.reading() as connection:
            address, deleted = _perhaps(connection, customer_id)
            return _closed(connection, address, deleted=deleted)

    def close_channel(self, closure: Closure) -> None:
        with self._database.writing() as connection:
            if insert_once(connection, channel_closures, closure.model_dump()) and closure.channel is Channel.PHONE:
                withdraw_calls_to(connection, closure)

    def closures(self, customer_id: str, opened_by: str = "") -> list[Closure]:
        with self._database.reading() as connection:
            return _standing(connection, _perhaps(connection, customer_id).address, opened_by)

    def closures_at(self, channel: Channel, address: str, opened_by: str = "") -> list[Closure]:
        given = {"place": address, "on": channel, "event": opened_by}
        with self._database.reading() as connection:
            return [Closure(**row) for row in connection.execute(_AT, given).mappings()]

    def open_channel(self, closures: Sequence[Closure], at: datetime, by: str) -> None:
        with self._database.writing() as connection:
            for closure in closures:
                of = sa.and_(
                    _closure.customer_id == closure.customer_id,
                    _closure.event_id == closure.event_id,
                    _closure.channel == closure.channel,
                    _STANDS,
                )
                connection.execute(sa.update(channel_closures).where(of).values(opened_at=at, opened_by=by))

    def customer_is(self, stated: CustomerRow) -> CustomerRow | None:
        said = statement(stated)
        with self._database.reading() as connection:
            known = connection.execute(_NOT_ERASED, {"of": stated.customer_id}).mappings().one_or_none()
        if known is None or known["stated"] == said:
            return None
        with self._database.writing() as connection:
            found = connection.execute(_NOT_ERASED, {"of": stated.customer_id}).mappings().one_or_none()
            if found is None:
                return None  # erased a moment ago
            row = CustomerRow(**found)
            newest: dict[str, Any] = brought_up_to_date(row, said).model_dump(exclude={"customer_id"})
            connection.execute(sa.update(customers).where(_IS_OF), {"of": stated.customer_id, **newest})
            return row

    def customer_set(self, customer_id: str, fields: Mapping[str, str | datetime | None]) -> CustomerRow:
        with self._database.writing() as connection:
            write_customer(connection, CustomerRow(customer_id=customer_id))
            before = connection.execute(_CUSTOMER, {"of": customer_id}).mappings().one()
            connection.execute(sa.update(customers).where(_IS_OF).values(dict(fields)), {"of": customer_id})
            return CustomerRow(**before)

    def customers_at(self, channel: Channel, address: str) -> list[str]:
        column = _COLUMNS.get(channel)
        if column is None:
            return [address] if channel is Channel.NOTICE else []
        query = sa.select(customers.c.customer_id).where(column == address).order_by(customers.c.customer_id)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def keep_reply(self, reply: Reply) -> None:
        with self._database.writing() as connection:
            insert_once(connection, replies, without_nul(reply.model_dump()))

    def replies(self, customer_id: str) -> list[Reply]:
        query = sa.select(replies).where(replies.c.customer_id == customer_id)
        with self._database.reading() as connection:
            found = connection.execute(query.order_by(replies.c.at, replies.c.event_id)).mappings()
            return [Reply(**row) for row in found]

    def customer_deleted(self, customer_id: str) -> None:
        with self._database.writing() as connection:
            connection.execute(_DELETE, {"of": customer_id})


def insert_customer(connection: sa.Connection, customer: CustomerRow) -> None:
    """Inserts the customer; one who is known already stays as they are."""
    insert_once(connection, customers, customer.model_dump())


def write_customer(connection: sa.Connection, customer: CustomerRow) -> None:
    """Inserts the customer; of one who is known already, replaces what is stated and keeps what is not."""
    stated = customer.model_dump(exclude_unset=True, exclude={"customer_id"})
    news = {name: value for name, value in stated.items() if value}
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(customers).values(customer.model_dump())
    same = [customers.c.customer_id]
    connection.execute(
        statement.on_conflict_do_update(index_elements=same, set_={**news, "erased_at": None})
        if news
        else statement.on_conflict_do_nothing(index_elements=same)
    )


class _Reached(NamedTuple):
    """Where the customer is reached, and whether the provider has deleted them."""

    address: Address
    deleted: bool


def _address(connection: sa.Connection, customer_id: str) -> _Reached:
    """Raises NotFound."""
    found = connection.execute(_ADDRESS, {"of": customer_id}).mappings().one_or_none()
    if found is None:
        raise NotFound(f"The ledger has no customer {customer_id}: open a case of this customer first.")
    address = Address(**{name: found[name] for name in Address.model_fields})
    return _Reached(address, found["deleted"])


def _perhaps(connection: sa.Connection, customer_id: str) -> _Reached:
    """An opt-out may come before the customer's first case."""
    try:
        return _address(connection, customer_id)
    except NotFound:
        return _Reached(Address(customer_id=customer_id), deleted=False)


def _closed(connection: sa.Connection, address: Address, *, deleted: bool) -> dict[Channel, str]:
    """What is closed to somebody at these places."""
    if deleted:
        return dict.fromkeys(Channel, DELETED)
    # The first reason comes last, and stands; but a wish is no less one for coming after a bounce.
    standing = sorted(_standing(connection, address), key=lambda row: row.wish)
    return {row.channel: row.why for row in standing}


def _standing(connection: sa.Connection, address: Address, opened_by: str = "") -> list[Closure]:
    """The closures that hold for somebody at these places, the newest first, and those that this event has opened."""
    places = {channel: address.key(channel) for channel in Channel}
    given = {"of": address.customer_id} | {f"at_{channel}": place for channel, place in places.items()}
    given["event"] = opened_by
    rows = connection.execute(_CLOSURES, given).mappings()
    found = [*{(row["event_id"], row["channel"]): Closure(**row) for row in rows}.values()]  # each half may have it
    found.sort(key=lambda row: (row.at, row.event_id), reverse=True)
    return [row for row in found if _holds(row, address.customer_id, places[row.channel])]


def _holds(closure: Closure, customer_id: str, place: str | None) -> bool:
    of_person = closure.customer_id == customer_id and (closure.wish or closure.address is None)
    return of_person or (closure.address is not None and closure.address == place)
