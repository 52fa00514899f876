"""Contacts: each is reserved before it is made, by a row that only one caller can insert."""

import sqlalchemy as sa

from domain.record import Entry
from domain.steps import Channel
from gateways.ledger import rows
from gateways.ledger.inserts import insert_once
from gateways.ledger.records import write_effect
from gateways.ledger.schema import contacts
from gateways.ledger.transactions import Book
from gateways.ports.rows import ContactRow
from gateways.ports.trouble import NotFound

_contact = contacts.c
_SAME = (
    _contact.invoice_id == sa.bindparam("of"),
    _contact.step == sa.bindparam("at_step"),
    _contact.channel == sa.bindparam("on"),
)
_ONE = sa.select(contacts).where(*_SAME)
_TAKE_FAILED = sa.update(contacts).where(*_SAME, _contact.state.in_(("failed", "unreachable")))
_FINISH = sa.update(contacts).where(*_SAME, _contact.state == "sending")
_OF_INVOICE = sa.select(contacts).where(_contact.invoice_id == sa.bindparam("of")).order_by(_contact.as_of, _contact.id)


class SqlContacts(Book):
    """`ports.ContactBook` in SQL."""

    def begin_contact(self, row: ContactRow) -> tuple[ContactRow, bool]:
        same, columns = _same(row.invoice_id, row.step, row.channel), row.model_dump()
        with self._database.writing(of=row.invoice_id) as connection:
            if insert_once(connection, contacts, columns):
                return row, True
            # One that certainly was not sent is reserved once more, as it reads now; to a new address, if to any.
            if connection.execute(_TAKE_FAILED, same | columns).rowcount:
                return row, True
            return rows.contact_row(connection.execute(_ONE, same).mappings().one()), False

    def finish_contact(
        self,
        invoice_id: str,
        step: str,
        channel: Channel,
        state: str,
        provider_id: str | None,
        entry: Entry,
    ) -> None:
        same = _same(invoice_id, step, channel)
        with self._database.writing() as connection:
            if connection.execute(_FINISH, same | {"state": state, "provider_id": provider_id}).rowcount:
                write_effect(connection, invoice_id, entry, occasion="")
            elif connection.execute(_ONE, same).first() is None:
                raise NotFound(f"The {channel} contact {step} of invoice {invoice_id} was never begun: begin it first.")

    def contacts(self, invoice_id: str) -> list[ContactRow]:
        with self._database.reading() as connection:
            return [rows.contact_row(row) for row in connection.execute(_OF_INVOICE, {"of": invoice_id}).mappings()]


def _same(invoice_id: str, step: str, channel: Channel) -> dict[str, str]:
    return {"of": invoice_id, "at_step": step, "on": channel}
