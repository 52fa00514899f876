"""Customers: the one place for names and addresses, and for the channels that they have closed to us."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from domain.steps import Channel
from gateways.ledger.inserts import insert_once
from gateways.ledger.schema import channel_closures, customers
from gateways.ledger.transactions import Book
from gateways.ports.messages import Address, Recipient
from gateways.ports.rows import CustomerRow
from gateways.ports.trouble import NotFound

_closure = channel_closures.c
_OF: sa.BindParameter[str] = sa.bindparam("of")
_ADDRESS = sa.select(*(customers.c[name] for name in Address.model_fields)).where(customers.c.customer_id == _OF)
_CLOSURES = (
    sa.select(_closure.channel, _closure.why)
    .where(_closure.customer_id == _OF)
    # The first reason comes last, and stands.
    .order_by(_closure.at.desc(), _closure.event_id.desc())
)
_RECIPIENT = _ADDRESS.add_columns(_closure.channel, _closure.why, _closure.at, _closure.event_id).outerjoin_from(
    customers, channel_closures, _closure.customer_id == customers.c.customer_id
)


class SqlCustomers(Book):
    """`ports.CustomerBook` in SQL."""

    def address(self, customer_id: str) -> Address:
        with self._database.reading() as connection:
            found = connection.execute(_ADDRESS, {"of": customer_id}).mappings().one_or_none()
        if found is None:
            raise _unknown(customer_id)
        return Address(**found)

    def recipient(self, customer_id: str) -> Recipient:
        with self._database.reading() as connection:
            found = connection.execute(_RECIPIENT, {"of": customer_id}).mappings().all()
        if not found:
            raise _unknown(customer_id)
        closures = [row for row in found if row["channel"]]
        closures.sort(key=lambda row: (row["at"], row["event_id"]), reverse=True)
        return Recipient(
            address=Address(**{name: found[0][name] for name in Address.model_fields}),
            closed_channels={Channel(row["channel"]): row["why"] for row in closures},
        )

    def close_channel(self, customer_id: str, channel: Channel, why: str, event_id: str, at: datetime) -> None:
        columns = {"customer_id": customer_id, "channel": channel, "why": why, "event_id": event_id, "at": at}
        with self._database.writing() as connection:
            insert_once(connection, channel_closures, columns)

    def closed_channels(self, customer_id: str) -> dict[Channel, str]:
        with self._database.reading() as connection:
            return {Channel(channel): why for channel, why in connection.execute(_CLOSURES, {"of": customer_id})}


def write_customer(connection: sa.Connection, customer: CustomerRow) -> None:
    """Inserts the customer; of one who is known already, replaces what is stated and keeps what is not."""
    stated = customer.model_dump(exclude_unset=True, exclude={"customer_id"})
    news = {name: value for name, value in stated.items() if value}
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(customers).values(customer.model_dump())
    same = [customers.c.customer_id]
    connection.execute(
        statement.on_conflict_do_update(index_elements=same, set_=news)
        if news
        else statement.on_conflict_do_nothing(index_elements=same)
    )


def _unknown(customer_id: str) -> NotFound:
    return NotFound(f"The ledger has no customer {customer_id}: open a case of this customer first.")
