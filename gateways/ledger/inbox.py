"""What came in by webhook, each once by its provider and id, and who hands it on."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from gateways.ledger.case_list import fields_of
from gateways.ledger.inserts import insert_new, insert_once
from gateways.ledger.schema_doors import inbox, leases
from gateways.ledger.transactions import Book
from gateways.ports.inbox import DONE, WAITING, Arrival, InboxRow

_WAITING = (
    sa.select(inbox)
    .where(inbox.c.state == WAITING, inbox.c.id > sa.bindparam("after"))
    .order_by(inbox.c.id)
    .limit(sa.bindparam("limit"))
)
_LONGEST_NOTE = 2_000


class SqlInbox(Book):
    """`ports.InboxBook` in SQL."""

    def keep(self, arrivals: Sequence[Arrival], at: datetime) -> set[tuple[str, str]]:
        since = {"at": at, "state": WAITING, "next_try": at}
        columns = [{**one.model_dump(), **since} for one in arrivals]
        with self._database.writing() as connection:
            return insert_new(connection, inbox, columns, ("provider", "event_id")) if columns else set()

    def waiting(self, after: int, limit: int) -> list[InboxRow]:
        with self._database.reading() as connection:
            found = connection.execute(_WAITING, {"after": after, "limit": limit}).mappings()
            return [_row(one) for one in found]

    def ended(self, event: int, state: str, result: str, note: str, invoice_id: str | None, at: datetime) -> None:
        columns = {"state": state, "result": result, "note": note[:_LONGEST_NOTE], "invoice_id": invoice_id}
        with self._database.writing() as connection:
            connection.execute(sa.update(inbox).where(inbox.c.id == event).values(**columns, ended_at=at))

    def completed(self, event: int, body: str) -> None:
        with self._database.writing() as connection:
            connection.execute(sa.update(inbox).where(inbox.c.id == event).values(body=body))

    def failed(self, event: int, why: str, next_try: datetime) -> None:
        columns = {"attempts": inbox.c.attempts + 1, "note": why[:_LONGEST_NOTE], "next_try": next_try}
        with self._database.writing() as connection:
            connection.execute(sa.update(inbox).where(inbox.c.id == event).values(columns))

    def again(self, event_id: str, at: datetime) -> bool:
        one = sa.and_(inbox.c.event_id == event_id, inbox.c.state != DONE)
        with self._database.writing() as connection:
            changed = connection.execute(
                sa.update(inbox).where(one).values(state=WAITING, next_try=at, result=None, ended_at=None)
            )
        return changed.rowcount > 0

    def kept(self, provider: str, event_ids: Sequence[str]) -> set[str]:
        query = sa.select(inbox.c.event_id).where(inbox.c.provider == provider, inbox.c.event_id.in_(event_ids))
        with self._database.reading() as connection:
            return set(connection.execute(query).scalars())

    def inbox(self, state: str | None = None, after: int = 0, limit: int = 50) -> list[InboxRow]:
        query = sa.select(inbox).where(inbox.c.id > after).order_by(inbox.c.id).limit(limit)
        if state:
            query = query.where(inbox.c.state == state)
        with self._database.reading() as connection:
            return [_row(found) for found in connection.execute(query).mappings()]

    def forget(self, before: datetime) -> int:
        old = sa.and_(inbox.c.state == DONE, inbox.c.ended_at < before)
        with self._database.writing() as connection:
            return connection.execute(sa.delete(inbox).where(old)).rowcount

    def lease(self, name: str, holder: str, at: datetime, lasts: timedelta) -> bool:
        mine = sa.and_(leases.c.name == name, sa.or_(leases.c.holder == holder, leases.c.until < at))
        with self._database.writing() as connection:
            row = {"name": name, "holder": holder, "until": at + lasts}
            if insert_once(connection, leases, row):
                return True
            taken = connection.execute(sa.update(leases).where(mine).values(holder=holder, until=at + lasts))
            return taken.rowcount > 0


def _row(found: sa.RowMapping) -> InboxRow:
    return InboxRow(**fields_of(found, InboxRow))
