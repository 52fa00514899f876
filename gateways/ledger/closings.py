"""What is left to do towards a customer: notices that stand, and cases that are over."""

from datetime import datetime

import sqlalchemy as sa

from domain.case import CaseStatus
from domain.record import Entry
from domain.steps import Channel
from gateways.ledger import rows
from gateways.ledger.records import write_effect
from gateways.ledger.schema import cases, contacts
from gateways.ledger.transactions import Book
from gateways.ports.rows import ContactRow

_contact, _case = contacts.c, cases.c
_STANDING = (
    sa.select(contacts)
    .join_from(cases, contacts, _contact.invoice_id == _case.invoice_id)
    .where(
        _case.customer_id == sa.bindparam("of"),
        _contact.channel == Channel.NOTICE.value,
        _contact.state.in_(("sent", "unknown")),
        _contact.withdrawn_at.is_(None),
    )
    .order_by(_contact.as_of, _contact.id)
)
_WITHDRAW = sa.update(contacts).where(_contact.key == sa.bindparam("of"), _contact.withdrawn_at.is_(None))
_OVER = (
    sa.select(_case.invoice_id)
    .where(
        _case.customer_id == sa.bindparam("of"),
        _case.status.in_((CaseStatus.CLOSED.value, CaseStatus.WITH_AGENCY.value)),
        _case.decided_at >= sa.bindparam("since"),
    )
    .order_by(_case.opened_at, _case.invoice_id)
)
_STATES = (
    sa.select(_case.invoice_id, _case.state)
    .where(_case.invoice_id > sa.bindparam("after"), _case.decided_at >= sa.bindparam("since"))
    .order_by(_case.invoice_id)
)


class SqlClosings(Book):
    """`ports.ClosingBook` in SQL."""

    def standing_notices(self, customer_id: str) -> list[ContactRow]:
        with self._database.reading() as connection:
            return [rows.contact_row(row) for row in connection.execute(_STANDING, {"of": customer_id}).mappings()]

    def notice_withdrawn(self, notice: ContactRow, at: datetime, entry: Entry) -> None:
        with self._database.writing() as connection:
            if connection.execute(_WITHDRAW, {"of": notice.key, "withdrawn_at": at}).rowcount:
                write_effect(connection, notice.invoice_id, entry, occasion="")

    def over_since(self, customer_id: str, since: datetime) -> list[str]:
        with self._database.reading() as connection:
            found = connection.execute(_OVER, {"of": customer_id, "since": since})
            return [row.invoice_id for row in found]

    def states_decided_since(self, since: datetime, after: str | None, limit: int) -> list[tuple[str, str]]:
        with self._database.reading() as connection:
            found = connection.execute(_STATES.limit(limit), {"since": since, "after": after or ""})
            return [(row.invoice_id, row.state) for row in found]
