"""All that is held of one person, table by table, and its erasure."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.steps import Channel
from gateways.ledger import schema_doors
from gateways.ledger.columns import UtcTime, metadata
from gateways.ledger.inserts import insert_once
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
from gateways.ledger.transactions import Book
from gateways.ports.inbox import WAITING
from gateways.ports.messages import Address
from gateways.ports.persons import Rows

_OF_A_CASE = ("invoice_id", "case_id")
_IN_WORDS = {
    schema_doors.inbox: schema_doors.inbox.c.body,
    schema_doors.api_answers: schema_doors.api_answers.c.body,
    schema_doors.api_requests: schema_doors.api_requests.c.path,
}
"""Tables that name a person only within a text."""
_OPEN = sa.select(cases.c.invoice_id).where(cases.c.customer_id == sa.bindparam("of"), sa.text(NOT_CLOSED))
_INBOX = (schema_doors.inbox, schema_doors.inbox.c.body)
_IS_OF = customers.c.customer_id == sa.bindparam("of")
_OF_CUSTOMERS = [table for table in metadata.sorted_tables if "customer_id" in table.c]
_NOT_OF_ANYBODY = {customers.c.erased_at.name, "customer_id", "deleted"}


class SqlPersons(Book):
    """`ports.PersonBook` in SQL."""

    def person(self, customer_id: str) -> Rows:
        # One transaction: what is read of a person is of one moment.
        with self._database.writing() as connection:
            if not _is_known(connection, customer_id):
                return {}
            invoices = _invoices(connection, customer_id)
            marks = _marks(connection, customer_id, invoices)
            found = {table.name: _rows(connection, table, customer_id, invoices) for table in metadata.sorted_tables}
            for table, text in _IN_WORDS.items():
                named = _naming(connection, table, text, marks)
                rows = [*found[table.name], *named]
                found[table.name] = [*{repr(row): row for row in rows}.values()]
            return {name: rows for name, rows in found.items() if rows}

    def erase_person(self, customer_id: str, at: datetime) -> bool:
        with self._database.writing() as connection:
            # A case that is opened at this moment waits until it is erased, or is seen.
            connection.execute(sa.select(customers.c.customer_id).where(_IS_OF).with_for_update(), {"of": customer_id})
            if connection.execute(_OPEN, {"of": customer_id}).first() or not _is_known(connection, customer_id):
                return False
            invoices = _invoices(connection, customer_id)
            marks = _marks(connection, customer_id, invoices)
            if any(row["state"] == WAITING for row in _naming(connection, *_INBOX, marks)):
                return False
            _keep_closed(connection, customer_id)
            for table, text in ((t, c) for t, c in _IN_WORDS.items() if t is not schema_doors.api_requests):
                for row in _naming(connection, table, text, marks):
                    nothing = {"body": "{}"} | ({"note": ""} if "note" in row else {})
                    connection.execute(sa.update(table).where(*_is(table, row)).values(nothing))
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
                sa.update(call_tasks).where(call_tasks.c.customer_id == customer_id).values(address=None)
            )
            erased = sa.func.coalesce(customers.c.erased_at, sa.literal(at, UtcTime()))
            known = customers.c.customer_id == customer_id
            connection.execute(sa.update(customers).where(known).values({**_blank(), "erased_at": erased}))
            return True


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


def _marks(connection: sa.Connection, customer_id: str, invoices: list[str]) -> dict[str, re.Pattern[str]]:
    """By what a text may name the person: ids and addresses, those of before included where something went there."""
    row = connection.execute(sa.select(customers).where(customers.c.customer_id == customer_id)).mappings().first()
    sent = sa.select(contacts.c.address).where(contacts.c.invoice_id.in_(invoices), contacts.c.address.is_not(None))
    places = {row[name] for name in ("email", "phone", "line_user_id")} - {None} if row else set[str]()
    told = sa.select(notices.c.address).where(notices.c.customer_id == customer_id, notices.c.address.is_not(None))
    places |= {*connection.execute(sent).scalars(), *connection.execute(told).scalars()}
    called = sa.select(call_tasks.c.address).where(
        call_tasks.c.customer_id == customer_id, call_tasks.c.address.is_not(None)
    )
    places |= {*connection.execute(called).scalars()}
    # A number's sign + may be written in another way, as in a form.
    words = {customer_id, *invoices, *(place.removeprefix("+") for place in places)}
    return {word: _mark(word) for word in sorted(words)}


def _mark(word: str) -> re.Pattern[str]:
    """The word, and no longer one that has it within."""
    letters = "[0-9]" if word.isdigit() else r"\w"
    return re.compile(rf"(?<!{letters}){re.escape(word)}(?!{letters})", re.IGNORECASE)


def _naming(
    connection: sa.Connection, table: sa.Table, text: sa.Column[Any], marks: dict[str, re.Pattern[str]]
) -> Iterator[dict[str, Any]]:
    """The rows whose text has one of the marks."""
    likely = sa.or_(*(sa.func.lower(text).contains(word.lower(), autoescape=True) for word in marks))
    rows = connection.execute(sa.select(table).where(likely).order_by(*table.primary_key)).mappings().all()
    yield from (dict(row) for row in rows if any(mark.search(row[text.name]) for mark in marks.values()))


def _is(table: sa.Table, row: dict[str, Any]) -> list[sa.ColumnElement[bool]]:
    return [column == row[column.name] for column in table.primary_key]


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
