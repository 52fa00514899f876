"""The cases, a page at a time. It loads what reading them needs and no more: no command is given as often as a list."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from domain.base import Frozen
from gateways.ledger.schema import OWED_AGAIN, cases
from gateways.ledger.transactions import Book
from gateways.ports.rows import CaseRow, Cursor, Page

CASE = sa.select(*(column for column in cases.c if column is not cases.c.state))
IN_ORDER = (cases.c.opened_at, cases.c.invoice_id)


class SqlCaseList(Book):
    """`ports.CaseList` in SQL."""

    def cases(
        self,
        status: str | None = None,
        customer_id: str | None = None,
        segment: str | None = None,
        after: Cursor | None = None,
        limit: int = 50,
        owed_again: bool = False,
        customers: Sequence[str] | None = None,
    ) -> Page[CaseRow]:
        if customers is not None and len(customers) == 1 and customer_id is None:
            customer_id, customers = customers[0], None
        filters = {"customer_id": customer_id, "segment": segment, "status": status}  # the one with fewest cases first
        query = _narrowed(CASE, {name: wanted for name, wanted in filters.items() if wanted is not None}, owed_again)
        if customers is not None:
            query = query.where(cases.c.customer_id.in_(customers))
        query = query.order_by(*IN_ORDER).limit(limit + 1)
        if after:
            last = (sa.literal(after.opened_at, cases.c.opened_at.type), sa.literal(after.invoice_id))
            query = query.where(sa.tuple_(*IN_ORDER) > sa.tuple_(*last))
        with self._database.reading() as connection:
            found = [case_row(row) for row in connection.execute(query).mappings()]
        page = tuple(found[:limit])
        more = len(found) > limit
        return Page(
            rows=page, after=Cursor(opened_at=page[-1].opened_at, invoice_id=page[-1].invoice_id) if more else None
        )


def _narrowed(query: sa.Select[Any], filters: Mapping[str, str], owed_again: bool) -> sa.Select[Any]:
    """The first filter chooses the index, and no other one: of a million cases nearly all may have the status that is
    asked for, and SQLite does not know."""
    if owed_again:
        query = query.where(sa.text(OWED_AGAIN))
    for place, (name, wanted) in enumerate(filters.items()):
        leads = place == 0 and not owed_again
        query = query.where((cases.c[name] if leads else cases.c[name] + "") == wanted)
    return query


def case_row(found: sa.RowMapping) -> CaseRow:
    # One validation for all of it, amounts included: a page has up to five hundred.
    currency, refund = found["currency"], found["refund_due"]
    amounts = {name: {"amount": found[name], "currency": currency} for name in ("amount", "remaining")}
    if refund:
        amounts["refund_due"] = {"amount": refund, "currency": currency}
    return CaseRow.model_validate(fields_of(found, CaseRow, "amount", "remaining", "refund_due") | amounts)


def fields_of(found: sa.RowMapping, model: type[Frozen], *left_out: str) -> dict[str, object]:
    """The columns that the model has fields for."""
    return {name: found[name] for name in model.model_fields if name not in left_out}
