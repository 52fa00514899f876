"""Bulk orders: what was asked, and how each of its cases stands."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter

import sqlalchemy as sa

from gateways.ledger.case_list import fields_of
from gateways.ledger.inserts import insert_missing, insert_once
from gateways.ledger.rows import without_nul
from gateways.ledger.schema_doors import api_requests, bulk_lines, bulk_orders
from gateways.ledger.transactions import Book
from gateways.ports.access import CUT_OFF, Asked
from gateways.ports.bulk import Became, Bulk, BulkLine, BulkState, LineState

_order, _line = bulk_orders.c, bulk_lines.c
_THIS, _OF_BULK = _order.bulk_id == sa.bindparam("of"), _line.bulk_id == sa.bindparam("of")
_ONE = sa.and_(_OF_BULK, _line.number == sa.bindparam("this"))
_AT_WORK = (BulkState.LOOKING, BulkState.ORDERING)
_NOT_BEGUN = (LineState.NEW, LineState.READY)
_TO_ORDER = (LineState.ASKED, LineState.READY)
_LONGEST = 500
_IN_TURN = (
    sa.select(bulk_lines)
    .where(_OF_BULK, _line.state == sa.bindparam("state"))
    .order_by(_line.tries, _line.number)
    .limit(sa.bindparam("most"))
)
_LOOKED_AT = (
    sa.update(bulk_lines)
    .where(_ONE, _line.state == LineState.NEW)
    .values({name: sa.bindparam(f"as_{name}") for name in ("state", "version", "then", "why")})
)


class SqlBulk(Book):
    """`ports.BulkBook` in SQL."""

    def make_bulk(self, bulk: Bulk, invoices: Sequence[str]) -> None:
        with self._database.writing() as connection:
            if insert_once(connection, bulk_orders, without_nul(bulk.model_dump())):
                _add(connection, bulk.bulk_id, invoices)

    def bulk(self, bulk_id: str) -> Bulk | None:
        with self._database.reading() as connection:
            found = connection.execute(sa.select(bulk_orders).where(_THIS), {"of": bulk_id}).mappings().one_or_none()
        return _bulk(found) if found else None

    def bulks(self, before: str | None, limit: int) -> list[Bulk]:
        query = sa.select(bulk_orders).order_by(_order.number.desc()).limit(limit)
        if before is not None:
            last = sa.select(_order.number).where(_order.bulk_id == before).scalar_subquery()
            query = query.where(_order.number < last)
        with self._database.reading() as connection:
            return [_bulk(row) for row in connection.execute(query).mappings()]

    def bulks_to_work_on(self) -> list[Bulk]:
        query = sa.select(bulk_orders).where(_order.state.in_(_AT_WORK))
        with self._database.reading() as connection:
            found = connection.execute(query).mappings().all()
        return [_bulk(row) for row in sorted(found, key=itemgetter("number"))]

    def choose(self, bulk_id: str, invoices: Sequence[str], place: str | None) -> None:
        where = {"place": place, "selected": place is None}
        with self._database.writing() as connection:
            _add(connection, bulk_id, invoices)
            connection.execute(sa.update(bulk_orders).where(_THIS).values(where), {"of": bulk_id})

    def bulk_lines(self, bulk_id: str, states: Sequence[LineState], after: int, limit: int) -> list[BulkLine]:
        query = sa.select(bulk_lines).where(_OF_BULK, _line.number > after).order_by(_line.number).limit(limit)
        if states:
            query = query.where(_line.state.in_(states))
        return self._lines(query, bulk_id)

    def lines_to_look_at(self, bulk_id: str, limit: int) -> list[BulkLine]:
        return self._lines(_IN_TURN, bulk_id, state=LineState.NEW, most=limit)

    def lines_to_order(self, bulk_id: str, limit: int) -> list[BulkLine]:
        # Begun are only those that were tried: by two reads both come in their turn by the index.
        ready = self._lines(_IN_TURN, bulk_id, state=LineState.READY, most=limit)
        left = limit - len(ready)
        return [*ready, *self._lines(_IN_TURN, bulk_id, state=LineState.ASKED, most=left)] if left else ready

    def _lines(self, query: sa.Select[tuple[object, ...]], bulk_id: str, **given: object) -> list[BulkLine]:
        with self._database.reading() as connection:
            found = connection.execute(query, {"of": bulk_id, **given}).mappings()
            return [BulkLine(**fields_of(row, BulkLine)) for row in found]

    def looked_at(self, bulk_id: str, lines: Sequence[BulkLine]) -> None:
        rows = [
            {"of": bulk_id, "this": line.number, "as_state": line.state, "as_version": line.version}
            | {"as_then": line.then, "as_why": line.why}
            for line in lines
        ]
        with self._database.writing() as connection:
            connection.execute(_LOOKED_AT, rows)

    def begin_line(self, bulk_id: str, number: int, asked: Asked) -> bool:
        given = {"of": bulk_id, "this": number}
        standing = sa.select(_line.audit).where(_ONE, _line.state.in_(_TO_ORDER)).with_for_update()
        with self._database.writing() as connection:
            found = connection.execute(standing, given).one_or_none()
            if found is None:
                return False
            columns = {"state": LineState.ASKED, "tries": _line.tries + 1}
            if found.audit is None:
                row = sa.insert(api_requests).returning(api_requests.c.id)
                audit = connection.execute(row, without_nul(asked.model_dump())).scalar_one()
                columns |= {"audit": audit, "asked_at": asked.at}
            connection.execute(sa.update(bulk_lines).where(_ONE).values(columns), given)
            return True

    def end_line(self, bulk_id: str, number: int, became: Became) -> None:
        columns = {"state": became.state, "then": became.then[:_LONGEST], "why": became.why[:_LONGEST]}
        given = {"of": bulk_id, "this": number}
        with self._database.writing() as connection:
            one = sa.and_(_ONE, _line.state == LineState.ASKED)
            changed = sa.update(bulk_lines).where(one).values(without_nul(columns)).returning(_line.audit)
            audit = connection.execute(changed, given).scalar_one_or_none()
            if audit is not None:
                answered = sa.and_(api_requests.c.id == audit, api_requests.c.status == CUT_OFF)
                connection.execute(sa.update(api_requests).where(answered).values(status=became.status))

    def move(self, bulk_id: str, before: BulkState, after: BulkState, at: datetime) -> bool:
        columns: dict[str, object] = {"state": after, "note": ""}
        if after is BulkState.DONE:
            cancelled = _order.cancelled_at.is_not(None)
            columns |= {"state": sa.case((cancelled, BulkState.CANCELLED), else_=after), "ended_at": at}
            del columns["note"]
        moved = sa.update(bulk_orders).where(_THIS, _order.state == before).values(columns)
        with self._database.writing() as connection:
            return connection.execute(moved, {"of": bulk_id}).rowcount > 0

    def cancel(self, bulk_id: str, at: datetime, note: str) -> bool:
        ends = _order.state != BulkState.ORDERING  # else those that were begun get their answers first
        columns = {
            "cancelled_at": at,
            "note": note[:_LONGEST],
            "state": sa.case((ends, BulkState.CANCELLED), else_=_order.state),
            "ended_at": sa.case((ends, sa.literal(at, _order.ended_at.type)), else_=None),
        }
        standing = sa.and_(_THIS, _order.ended_at.is_(None), _order.cancelled_at.is_(None))
        left = sa.update(bulk_lines).where(_OF_BULK, _line.state.in_(_NOT_BEGUN)).values(state=LineState.LEFT)
        with self._database.writing() as connection:
            if not connection.execute(sa.update(bulk_orders).where(standing).values(columns), {"of": bulk_id}).rowcount:
                return False
            connection.execute(left, {"of": bulk_id})
            return True

    def note_trouble(self, bulk_id: str, note: str) -> None:
        with self._database.writing() as connection:
            connection.execute(sa.update(bulk_orders).where(_THIS).values(note=note[:_LONGEST]), {"of": bulk_id})

    def tally(self, bulk_id: str) -> Mapping[LineState, int]:
        query = sa.select(_line.state, sa.func.count().label("number")).where(_OF_BULK).group_by(_line.state)
        with self._database.reading() as connection:
            return {LineState(row.state): row.number for row in connection.execute(query, {"of": bulk_id})}

    def forget_bulks(self, before: datetime) -> None:
        old = sa.and_(_order.made_at < before, _order.state.not_in(_AT_WORK))
        with self._database.writing() as connection:
            ids = connection.execute(sa.select(_order.bulk_id).where(old)).scalars().all()
            connection.execute(sa.delete(bulk_lines).where(_line.bulk_id.in_(ids)))
            connection.execute(sa.delete(bulk_orders).where(_order.bulk_id.in_(ids)))


def _add(connection: sa.Connection, bulk_id: str, invoices: Sequence[str]) -> None:
    """One invoice stands once in a bulk order, however often it was named."""
    most = sa.select(sa.func.max(_line.number)).where(_OF_BULK)
    first = 1 + (connection.execute(most, {"of": bulk_id}).scalar_one_or_none() or 0)
    rows = [
        {"bulk_id": bulk_id, "number": number, "invoice_id": invoice, "state": LineState.NEW}
        for number, invoice in enumerate(dict.fromkeys(invoices), start=first)
    ]
    insert_missing(connection, bulk_lines, rows)


def _bulk(row: sa.RowMapping) -> Bulk:
    return Bulk(**fields_of(row, Bulk))
