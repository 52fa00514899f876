"""The rows that name a person only within a text. They are read a batch at a time: nobody waits for a large inbox."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from gateways.ledger.schema import call_tasks, contacts, customers, notices
from gateways.ledger.schema_doors import api_answers, api_requests, inbox

BATCH = 1000
"""So many rows are looked at by one statement, which has to end within seconds."""
TEXTS: dict[sa.Table, sa.Column[Any]] = {
    inbox: inbox.c.body,
    api_answers: api_answers.c.body,
    api_requests: api_requests.c.path,
}
"""Tables that name a person only within a text, and that text."""

Row = dict[str, Any]
Ask = Callable[[sa.Select[Any]], Sequence[sa.RowMapping]]


class Marks:
    """By what a text may name the person: ids and addresses, those of before included where something went there."""

    def __init__(self, connection: sa.Connection, customer_id: str, invoices: Sequence[str]) -> None:
        row = connection.execute(sa.select(customers).where(customers.c.customer_id == customer_id)).mappings().first()
        places = {row[name] for name in ("email", "phone", "line_user_id")} - {None} if row else set[str]()
        for table in (contacts, notices, call_tasks):
            of = table.c.invoice_id.in_(invoices) if table is contacts else table.c.customer_id == customer_id
            asked = sa.select(table.c.address).where(of, table.c.address.is_not(None))
            places |= {*connection.execute(asked).scalars()}
        # A number's sign + may be written in another way, as in a form.
        self.words = {customer_id, *invoices, *(place.removeprefix("+") for place in places)}
        self._marks = [_mark(word) for word in sorted(self.words)]
        self._invoices = [*invoices]

    def naming(self, ask: Ask, table: sa.Table, *where: sa.ColumnElement[bool]) -> Iterator[Row]:
        """The rows whose text has one of the marks, or that are of one of the invoices, in order of the key."""
        key = [*table.primary_key]
        place, after = sa.tuple_(*key), list[sa.ColumnElement[bool]]()
        while True:
            next_ends = sa.select(*key).where(*where, *after).order_by(*key).offset(BATCH - 1).limit(1)
            end = [tuple(row.values()) for row in ask(next_ends)]
            within = [place <= sa.tuple_(*last) for last in end]
            query = sa.select(table).where(*where, *after, *within, self._likely(table)).order_by(*key)
            yield from (dict(row) for row in ask(query) if self._is_named(table, row))
            if not end:
                return
            after = [place > sa.tuple_(*end[0])]

    def _likely(self, table: sa.Table) -> sa.ColumnElement[bool]:
        text = sa.func.lower(TEXTS[table])
        named = [text.contains(word.lower(), autoescape=True) for word in sorted(self.words)]
        return sa.or_(*named, *([table.c.invoice_id.in_(self._invoices)] if "invoice_id" in table.c else []))

    def _is_named(self, table: sa.Table, row: sa.RowMapping) -> bool:
        return row.get("invoice_id") in self._invoices or any(
            mark.search(row[TEXTS[table].name]) for mark in self._marks
        )


def _mark(word: str) -> re.Pattern[str]:
    """The word, and no longer one that has it within."""
    letters = "[0-9]" if word.isdigit() else r"\w"
    return re.compile(rf"(?<!{letters}){re.escape(word)}(?!{letters})", re.IGNORECASE)
