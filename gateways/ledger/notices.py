"""Notices before renewals: each is reserved before it is made, by a row that only one caller can insert."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.addresses import address_key
from domain.gates import Allow, Postpone, Refuse, strictest
from domain.rules.contacts import COUNTED, ContactCaps
from gateways.ledger.contacts import RANK, lock_contacts
from gateways.ledger.customers import insert_customer
from gateways.ledger.inserts import insert_once
from gateways.ledger.schema import customers, notices
from gateways.ledger.transactions import Book
from gateways.ledger.uses import uses_of
from gateways.ports.messages import Address
from gateways.ports.renewals import NoticeRow, ReservedNotice
from gateways.ports.rows import CustomerRow

_notice = notices.c
_COLUMNS = [_notice[name] for name in NoticeRow.model_fields]
_IS = _notice.key == sa.bindparam("key_is")
_ONE = sa.select(*_COLUMNS).where(_IS)
_TAKE_FAILED = sa.update(notices).where(_IS, _notice.state.in_(("failed", "unreachable")))
_FINISH = sa.update(notices).where(_IS, _notice.state == "sending")
_HEARD = sa.update(notices).where(_IS)
_ERASED = (
    sa.select(customers.c.erased_at)
    .where(customers.c.customer_id == sa.bindparam("of"))
    .with_for_update(key_share=True)
)
_OF = sa.select(*_COLUMNS).where(_notice.customer_id == sa.bindparam("of")).order_by(_notice.as_of, _notice.key)


class SqlNotices(Book):
    """`ports.NoticeBook` in SQL."""

    def customer_met(self, customer: CustomerRow) -> None:
        with self._database.writing() as connection:
            insert_customer(connection, customer)

    def begin_notice(self, row: NoticeRow, to: Address, caps: ContactCaps) -> ReservedNotice | Postpone | Refuse:
        columns = _columns(row)
        with self._database.writing() as connection:
            # Before the person's other locks: an erasure waits until it is written, or is seen.
            if connection.execute(_ERASED, {"of": row.customer_id}).scalar():
                return Refuse(why="the customer was erased")
            lock_contacts(connection, to)
            uses = uses_of(connection, to, row.as_of, caps.window, but_notice=row.key)
            times = [use.at for use in uses if use.channel in COUNTED]
            lawful, own = caps.lawfully(row.key, uses, row.as_of), caps.ask(row.channel, times, row.as_of)
            answer = strictest((lawful, own))
            if isinstance(answer, Allow):
                taken = insert_once(connection, notices, columns)
                if taken or connection.execute(_TAKE_FAILED, {"key_is": row.key, **columns}).rowcount:
                    return ReservedNotice(row, ours=True)
            standing = _found(connection, row.key)
            if standing and standing.state not in ("failed", "unreachable"):
                return ReservedNotice(standing, ours=False)
            assert not isinstance(answer, Allow)  # noqa: S101 - only a standing row stops an insert
            return answer

    def leave_out(self, row: NoticeRow) -> None:
        with self._database.writing() as connection:
            insert_once(connection, notices, _columns(row))

    def finish_notice(self, key: str, state: str, provider_id: str | None, why: str, rule: str | None = None) -> None:
        with self._database.writing() as connection:
            given = {"state": state, "provider_id": provider_id, "why": why, "rule": rule}
            connection.execute(_FINISH, {"key_is": key, **given})

    def notice(self, key: str) -> NoticeRow | None:
        with self._database.reading() as connection:
            return _found(connection, key)

    def notice_heard(self, key: str, delivery: str, why: str, at: datetime) -> NoticeRow | None:
        with self._database.writing() as connection:
            found = _found(connection, key)
            if found is None or RANK[delivery] <= RANK.get(found.delivery or "", -1):
                return found
            heard = {"delivery": delivery, "delivery_why": why, "delivery_at": at}
            connection.execute(_HEARD, {"key_is": key, **heard})
            return found.model_copy(update=heard)

    def notices_of(self, customer_id: str) -> list[NoticeRow]:
        with self._database.reading() as connection:
            return [NoticeRow(**row) for row in connection.execute(_OF, {"of": customer_id}).mappings()]


def _found(connection: sa.Connection, key: str) -> NoticeRow | None:
    found = connection.execute(_ONE, {"key_is": key}).mappings().one_or_none()
    return NoticeRow(**found) if found else None


def _columns(row: NoticeRow) -> dict[str, Any]:
    return {**row.model_dump(), "place": address_key(row.address) if row.address else None}
