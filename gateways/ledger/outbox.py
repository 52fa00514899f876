"""The outbox: events wait for each endpoint, in the order in which each case wrote them."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from domain.outbox import CaseRef, Event
from gateways.ledger.case_list import fields_of
from gateways.ledger.inserts import insert_missing, unless_there
from gateways.ledger.schema import cases
from gateways.ledger.schema_doors import NEW, NOT_TAKEN, WAITING, deliveries, endpoints, outbox
from gateways.ledger.transactions import Book
from gateways.ports.outbox import DONE, GIVEN_UP, Backlog, DeliveryRow, Endpoint, Outgoing
from gateways.ports.outbox import WAITING as WAITS

_LONGEST_NOTE = 500
_FORGOTTEN_AT_ONCE = 1_000

_delivery, _endpoint = deliveries.c, endpoints.c
_ALL = sa.select(endpoints).order_by(_endpoint.made_at, _endpoint.endpoint_id)
_TAKEN = sa.select(_endpoint.types).where(_endpoint.disabled_at.is_(None))
_NEW = sa.select(outbox.c.id, outbox.c.type, outbox.c.invoice_id).where(sa.text(NEW)).order_by(outbox.c.id)
_OF_ENDPOINT = _delivery.endpoint_id == sa.bindparam("endpoint")
# The oldest of each case: whatever came later waits for it.
_HEADS = (
    sa.select(sa.func.min(_delivery.event).label("event"))
    .where(_OF_ENDPOINT, sa.text(WAITING))
    .group_by(_delivery.invoice_id)
    .subquery()
)
_DUE = (
    sa.select(
        *(outbox.c[name] for name in ("id", "message_id", "invoice_id", "type", "at", "data")),
        *(cases.c[name] for name in ("customer_id", "subscription_id", "policy")),
        *(_delivery[name] for name in ("attempts", "first_try")),
    )
    .join_from(_HEADS, deliveries, sa.and_(_delivery.event == _HEADS.c.event, _OF_ENDPOINT))
    .join(outbox, outbox.c.id == _delivery.event)
    .join(cases, cases.c.invoice_id == outbox.c.invoice_id)
    .where(sa.or_(_delivery.next_try.is_(None), _delivery.next_try <= sa.bindparam("now")))
    .order_by(outbox.c.id)
    .limit(sa.bindparam("most"))
)
_ONE = sa.update(deliveries).where(_OF_ENDPOINT, _delivery.event == sa.bindparam("of"))
_THIS = sa.update(endpoints).where(_endpoint.endpoint_id == sa.bindparam("endpoint"))
_ANY = sa.select(_endpoint.endpoint_id).where(_endpoint.endpoint_id == sa.bindparam("endpoint"))
_WAIT_NO_LONGER = sa.update(deliveries).where(_OF_ENDPOINT, sa.text(WAITING))
_SOUND = {"failures": 0, "failing_since": None, "next_try": None, "note": ""}
_TRIED_AT_ONCE = {"failures": 0, "failing_since": None, "next_try": None}
_DELIVERIES = sa.select(
    _delivery.event.label("number"),
    *(outbox.c[name] for name in ("message_id", "invoice_id", "type", "at")),
    *(_delivery[name] for name in ("state", "attempts", "first_try", "next_try", "note")),
).join_from(deliveries, outbox, outbox.c.id == _delivery.event)
# Word for word as their indexes have it; of what is done there is none.
_BY_STATE: dict[str, sa.ColumnElement[bool] | sa.TextClause] = {
    WAITS: sa.text(WAITING),
    GIVEN_UP: sa.text(NOT_TAKEN),
    DONE: _delivery.state == DONE,
}


class SqlOutbox(Book):
    """`ports.OutboxBook` in SQL."""

    def add_endpoint(self, endpoint: Endpoint) -> None:
        with self._database.writing() as connection:
            connection.execute(sa.insert(endpoints), endpoint.model_dump())

    def endpoints(self) -> list[Endpoint]:
        with self._database.reading() as connection:
            return [Endpoint(**fields_of(row, Endpoint)) for row in connection.execute(_ALL).mappings()]

    def an_endpoint_takes(self, types: Collection[str]) -> bool:
        with self._database.reading() as connection:
            taken = connection.execute(_TAKEN).scalars().all()
        return any(some is None or set(types) <= set(some) for some in taken)

    def remove_endpoint(self, endpoint_id: str) -> bool:
        with self._database.writing() as connection:
            # Nobody makes another delivery of it meanwhile.
            connection.execute(
                sa.select(_endpoint.endpoint_id).where(_endpoint.endpoint_id == endpoint_id).with_for_update()
            )
            connection.execute(sa.delete(deliveries).where(_delivery.endpoint_id == endpoint_id))
            return connection.execute(sa.delete(endpoints).where(_endpoint.endpoint_id == endpoint_id)).rowcount > 0

    def change_endpoint(self, endpoint_id: str, url: str, types: Sequence[str] | None) -> bool:
        news = {"endpoint": endpoint_id, "url": url, "types": None if types is None else list(types)}
        moved = _THIS.where(_endpoint.url != sa.literal(url))
        with self._database.writing() as connection:
            if connection.execute(moved, {"endpoint": endpoint_id, **_TRIED_AT_ONCE}).rowcount:
                connection.execute(_WAIT_NO_LONGER, {"endpoint": endpoint_id, "next_try": None})
            return connection.execute(_THIS, news).rowcount > 0

    def enable(self, endpoint_id: str) -> bool:
        with self._database.writing() as connection:
            disabled = _THIS.where(_endpoint.disabled_at.is_not(None))
            connection.execute(disabled, {"endpoint": endpoint_id, "disabled_at": None, **_SOUND})
            return connection.execute(_ANY, {"endpoint": endpoint_id}).first() is not None

    def deliveries(self, endpoint_id: str, state: str | None, after: int, limit: int) -> list[DeliveryRow]:
        query = _DELIVERIES.where(_OF_ENDPOINT, _delivery.event > after).order_by(_delivery.event).limit(limit)
        if state is not None:
            query = query.where(_BY_STATE[state])
        with self._database.reading() as connection:
            found = connection.execute(query, {"endpoint": endpoint_id}).mappings()
            return [DeliveryRow(**row) for row in found]

    def rotate_secret(self, endpoint_id: str, secret: str, old_until: datetime) -> bool:
        columns = {"old_secret": _endpoint.secret, "secret": secret, "old_until": old_until}
        with self._database.writing() as connection:
            return connection.execute(_THIS.values(columns), {"endpoint": endpoint_id}).rowcount > 0

    def backlog(self, endpoint_id: str) -> Backlog:
        count = (
            sa.select(_delivery.state, sa.func.count().label("number")).where(_OF_ENDPOINT).group_by(_delivery.state)
        )
        with self._database.reading() as connection:
            found = {row.state: row.number for row in connection.execute(count, {"endpoint": endpoint_id})}
        return Backlog(found.get(WAITS, 0), found.get(GIVEN_UP, 0))

    def replay(self, endpoint_id: str, since: datetime) -> int:
        with self._database.writing() as connection:
            standing = sa.select(_endpoint.types).where(_endpoint.endpoint_id == endpoint_id)
            of = connection.execute(standing.with_for_update(key_share=True)).one()
            wanted = outbox.c.at >= since
            if of.types is not None:
                wanted = sa.and_(wanted, outbox.c.type.in_(of.types))
            known = sa.select(outbox.c.id).where(wanted)
            again = sa.and_(_delivery.endpoint_id == endpoint_id, _delivery.event.in_(known))
            connection.execute(sa.delete(deliveries).where(again))
            kept = sa.select(sa.literal(endpoint_id), outbox.c.id, outbox.c.invoice_id, sa.literal(WAITS))
            # Others may be passing on the newest of them at this moment.
            insert = unless_there(deliveries, connection.dialect.name)
            columns = ["endpoint_id", "event", "invoice_id", "state"]
            connection.execute(insert.from_select(columns, kept.where(wanted)))
            connection.execute(_THIS, {"endpoint": endpoint_id, "disabled_at": None, **_SOUND})
            return connection.execute(sa.select(sa.func.count()).where(wanted)).scalar_one()

    def pass_on(self, limit: int) -> int:
        with self._database.writing() as connection:
            new = connection.execute(_NEW.limit(limit)).all()
            if not new:
                return 0
            standing = _ALL.with_for_update(key_share=True)  # none is removed meanwhile
            enabled = [row for row in connection.execute(standing) if row.disabled_at is None]
            made = [
                {"endpoint_id": to.endpoint_id, "event": one.id, "invoice_id": one.invoice_id, "state": WAITS}
                for one in new
                for to in enabled
                if to.types is None or one.type in to.types
            ]
            # One of them may be there already, by a replay.
            insert_missing(connection, deliveries, made)
            done = sa.update(outbox).where(outbox.c.id.in_([one.id for one in new]))
            connection.execute(done.values(passed_on=True))
            return len(new)

    def due(self, endpoint_id: str, at: datetime, limit: int) -> list[Outgoing]:
        given = {"endpoint": endpoint_id, "now": at, "most": limit}
        with self._database.reading() as connection:
            return [_outgoing(row) for row in connection.execute(_DUE, given).mappings()]

    def delivered(self, endpoint_id: str, event_id: int) -> None:
        with self._database.writing() as connection:
            connection.execute(_ONE, {"endpoint": endpoint_id, "of": event_id, "state": DONE, "note": ""})
            failing = _THIS.where(_endpoint.failing_since.is_not(None))
            if connection.execute(failing, {"endpoint": endpoint_id, **_SOUND}).rowcount:
                # It is back: what waits for a later try need not.
                connection.execute(_WAIT_NO_LONGER, {"endpoint": endpoint_id, "next_try": None})

    def not_delivered(self, endpoint_id: str, event_id: int, why: str, at: datetime, next_try: datetime | None) -> None:
        columns = {
            "attempts": _delivery.attempts + 1,
            "first_try": sa.func.coalesce(_delivery.first_try, sa.literal(at, _delivery.first_try.type)),
            "next_try": next_try,
            "note": why[:_LONGEST_NOTE],
            "state": WAITS if next_try else GIVEN_UP,
        }
        with self._database.writing() as connection:
            connection.execute(_ONE.values(columns), {"endpoint": endpoint_id, "of": event_id})

    def rest(self, endpoint_id: str, at: datetime, until: datetime, why: str) -> None:
        columns = {
            "failures": _endpoint.failures + 1,
            "failing_since": sa.func.coalesce(_endpoint.failing_since, sa.literal(at, _endpoint.failing_since.type)),
            "next_try": until,
            "note": why[:_LONGEST_NOTE],
        }
        with self._database.writing() as connection:
            connection.execute(_THIS.values(columns), {"endpoint": endpoint_id})

    def disable(self, endpoint_id: str, at: datetime, why: str) -> None:
        with self._database.writing() as connection:
            connection.execute(_THIS, {"endpoint": endpoint_id, "disabled_at": at, "note": why[:_LONGEST_NOTE]})
            left = sa.update(deliveries).where(_OF_ENDPOINT, sa.text(WAITING))
            connection.execute(left, {"endpoint": endpoint_id, "state": GIVEN_UP})

    def forget_events(self, before: datetime) -> int:
        awaited = sa.exists().where(_delivery.event == outbox.c.id, sa.text(WAITING))
        old = sa.and_(outbox.c.at < before, outbox.c.passed_on, sa.not_(awaited))
        with self._database.writing() as connection:
            ids = connection.execute(sa.select(outbox.c.id).where(old).limit(_FORGOTTEN_AT_ONCE)).scalars().all()
            connection.execute(sa.delete(deliveries).where(_delivery.event.in_(ids)))
            return connection.execute(sa.delete(outbox).where(outbox.c.id.in_(ids))).rowcount


def _outgoing(row: sa.RowMapping) -> Outgoing:
    return Outgoing(
        event_id=row["id"],
        message_id=row["message_id"],
        case=CaseRef(
            invoice=row["invoice_id"],
            customer=row["customer_id"],
            subscription=row["subscription_id"],
            policy=row["policy"],
        ),
        event=Event(type=row["type"], at=row["at"], data=row["data"]),
        attempts=row["attempts"],
        first_try=row["first_try"],
    )
