"""All that is held of one person, table by table, and its erasure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.steps import Channel
from gateways.ledger.columns import UtcTime, metadata
from gateways.ledger.inserts import insert_once
from gateways.ledger.named import BATCH, TEXTS, Marks, Row
from gateways.ledger.schema import (
    NOT_CLOSED,
    acceptances,
    call_tasks,
    cases,
    channel_closures,
    contacts,
    customers,
    notices,
    opt_ins,
    protections,
    replies,
)
from gateways.ledger.schema_doors import api_answers, inbox
from gateways.ledger.transactions import Book
from gateways.ports.inbox import WAITING
from gateways.ports.messages import Address
from gateways.ports.persons import Rows

_OF_A_CASE = ("invoice_id", "case_id")
_OPEN = sa.select(cases.c.invoice_id).where(cases.c.customer_id == sa.bindparam("of"), sa.text(NOT_CLOSED))
_IS_OF = customers.c.customer_id == sa.bindparam("of")
_OF_CUSTOMERS = [table for table in metadata.sorted_tables if "customer_id" in table.c]
_EMPTIED = {inbox: {"body": "{}", "note": ""}, api_answers: {"body": "{}"}}
"""What of the rows that name the person is emptied. Which paths were asked for is the audit, and stays."""
_ANSWERED_WITHIN = timedelta(minutes=10)
"""A request that came before that has its answer; clocks differ less."""
_MANY = 500
_NOT_OF_ANYBODY = {customers.c.erased_at.name, "customer_id", "deleted"}


class SqlPersons(Book):
    """`ports.PersonBook` in SQL."""

    def person(self, customer_id: str) -> Rows:
        # What is read of a person is of one moment.
        with self._database.snapshot() as connection:
            if not _is_known(connection, customer_id):
                return {}
            invoices = _invoices(connection, customer_id)
            marks = Marks(connection, customer_id, invoices)
            found: Rows = {}
            for table in metadata.sorted_tables:
                if table in TEXTS:
                    found[table.name] = [*marks.naming(lambda query: connection.execute(query).mappings().all(), table)]
                else:
                    found[table.name] = _rows(connection, table, customer_id, invoices)
            return {name: rows for name, rows in found.items() if rows}

    def erase_person(self, customer_id: str, at: datetime) -> bool:
        with self._database.snapshot() as connection:
            if not _is_known(connection, customer_id):
                return False
            marks = Marks(connection, customer_id, _invoices(connection, customer_id))
            newest = connection.execute(sa.select(sa.func.max(inbox.c.id))).scalar() or 0
        named = {table: [_key(table, row) for row in marks.naming(self._asked, table)] for table in _EMPTIED}
        # What came since is few, and looked for again. A number that was given earlier may be written later.
        late = {inbox: inbox.c.id > newest - BATCH, api_answers: api_answers.c.at >= at - _ANSWERED_WITHIN}
        with self._database.writing() as connection:
            # A case that is opened at this moment waits until it is erased, or is seen.
            connection.execute(sa.select(customers.c.customer_id).where(_IS_OF).with_for_update(), {"of": customer_id})
            if connection.execute(_OPEN, {"of": customer_id}).first():
                return False
            invoices = _invoices(connection, customer_id)
            now = Marks(connection, customer_id, invoices)
            if not now.words <= marks.words:
                return False
            for table, since in late.items():
                found = now.naming(lambda query: connection.execute(query).mappings().all(), table, since)
                named[table] += [_key(table, row) for row in found]
            if _waits(connection, [number for (number,) in named[inbox]]):
                return False
            _keep_closed(connection, customer_id)
            for table, keys in named.items():
                of = [column == sa.bindparam(f"key_{column.name}") for column in table.primary_key]
                names = [f"key_{column.name}" for column in table.primary_key]
                given = [dict(zip(names, key, strict=True)) for key in keys]
                if given:
                    connection.execute(sa.update(table).where(*of).values(_EMPTIED[table]), given)
            for table in (replies, acceptances, opt_ins):
                connection.execute(sa.delete(table).where(table.c.customer_id == customer_id))
            for table, nothing in (
                (channel_closures, {"proof": ""}),
                (protections, {"note": "", "end_note": ""}),
            ):
                connection.execute(sa.update(table).where(table.c.customer_id == customer_id).values(nothing))
            # By its place, which is a hash, who unsubscribes with an old link is heard still.
            blank = {"subject": "", "text": "", "html": None, "address": None, "delivery_why": ""}
            connection.execute(sa.update(contacts).where(contacts.c.invoice_id.in_(invoices)).values(blank))
            connection.execute(
                sa.update(notices).where(notices.c.customer_id == customer_id).values({**blank, "why": ""})
            )
            connection.execute(
                sa.update(call_tasks).where(call_tasks.c.customer_id == customer_id).values(address=None, windows=[])
            )
            erased = sa.func.coalesce(customers.c.erased_at, sa.literal(at, UtcTime()))
            known = customers.c.customer_id == customer_id
            connection.execute(sa.update(customers).where(known).values({**_blank(), "erased_at": erased}))
            return True

    def _asked(self, query: sa.Select[Any]) -> Sequence[sa.RowMapping]:
        with self._database.reading() as connection:
            return connection.execute(query).mappings().all()


def _is_known(connection: sa.Connection, customer_id: str) -> bool:
    """Whether anything is kept under this id: what a text may name as well (an address, a word) is nobody's id."""
    rows = (sa.select(table.c.customer_id).where(table.c.customer_id == customer_id) for table in _OF_CUSTOMERS)
    return any(connection.execute(query.limit(1)).first() for query in rows)


def _blank() -> dict[str, Any]:
    return {
        column.name: None if column.nullable else ("any" if column.name == "segment" else "")
        for column in customers.c
        if column.name not in _NOT_OF_ANYBODY
    }


def _invoices(connection: sa.Connection, customer_id: str) -> list[str]:
    query = sa.select(cases.c.invoice_id).where(cases.c.customer_id == customer_id).order_by(cases.c.invoice_id)
    return [*connection.execute(query).scalars()]


def _rows(connection: sa.Connection, table: sa.Table, customer_id: str, invoices: list[str]) -> list[dict[str, Any]]:
    """Those with the customer's id, or with that of one of their invoices."""
    of: list[sa.ColumnElement[bool]] = [table.c[name].in_(invoices) for name in _OF_A_CASE if name in table.c]
    if "customer_id" in table.c:
        of.append(table.c.customer_id == customer_id)
    if not of:
        return []
    query = sa.select(table).where(sa.or_(*of)).order_by(*table.primary_key)
    return [dict(row) for row in connection.execute(query).mappings()]


def _key(table: sa.Table, row: Row) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key)


def _waits(connection: sa.Connection, numbers: Sequence[int]) -> bool:
    """Whether one of these events is not taken yet."""
    parts = [numbers[begin : begin + _MANY] for begin in range(0, len(numbers), _MANY)]
    waiting = sa.select(inbox.c.id).where(inbox.c.state == WAITING).limit(1)
    return any(connection.execute(waiting.where(inbox.c.id.in_(part))).first() for part in parts)


def _keep_closed(connection: sa.Connection, customer_id: str) -> None:
    """A wish holds for the person at every address. Nobody will know whose address it was: it is closed itself."""
    row = connection.execute(sa.select(customers).where(customers.c.customer_id == customer_id)).mappings().first()
    if row is None:
        return
    address = Address(**{name: row[name] for name in Address.model_fields})
    closure = channel_closures.c
    wishes = sa.select(channel_closures).where(
        closure.customer_id == customer_id, closure.wish, closure.opened_at.is_(None)
    )
    for wish in connection.execute(wishes.order_by(closure.at)).mappings().all():
        if place := address.key(Channel(wish["channel"])):
            kept = {**wish, "event_id": f"erasure-{place}", "address": place, "proof": ""}
            insert_once(connection, channel_closures, kept)
