"""Contacts: each is reserved before it is made, by a row that only one caller can insert."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from domain.events import ContactResult
from domain.gates import Allow
from domain.kinds.message import MessageStep
from domain.outbox import delivery as told_of
from domain.outgoing import ContactSent
from domain.record import Entry
from domain.rules.contacts import ContactRules, SaidWith
from domain.steps import Channel
from gateways.ledger import rows
from gateways.ledger.inserts import insert_once
from gateways.ledger.locks import lock
from gateways.ledger.records import put_off, write_decisions, write_effect, write_report
from gateways.ledger.schema import contacts, notices
from gateways.ledger.transactions import Book
from gateways.ledger.uses import uses_of
from gateways.ports.ledger import Contact
from gateways.ports.messages import Address
from gateways.ports.rows import ContactRow, Reserved
from gateways.ports.trouble import NotFound

_NOT_MADE = ("failed", "unreachable")

_TOLD = (contacts, notices)
_contact = contacts.c
_SAME = (
    _contact.invoice_id == sa.bindparam("of"),
    _contact.step == sa.bindparam("at_step"),
    _contact.channel == sa.bindparam("on"),
)
_ONE = sa.select(contacts).where(*_SAME)
_TAKE_FAILED = sa.update(contacts).where(*_SAME, _contact.state.in_(_NOT_MADE))
_FINISH = sa.update(contacts).where(*_SAME, _contact.state == "sending")
_UNANSWERED = (
    sa.select(contacts)
    .where(_contact.invoice_id == sa.bindparam("of"), _contact.state == "sending")
    .order_by(_contact.id)
)
_BY_KEY = sa.select(contacts).where(_contact.key == sa.bindparam("key_is")).limit(1)
# The later, the more it says: a complaint about what was delivered, a bounce that came after the server had taken it.
RANK = {
    result.value: rank
    for rank, result in enumerate(
        (
            ContactResult.DELIVERED,
            ContactResult.READ,
            ContactResult.UNDELIVERED,
            ContactResult.BOUNCED,
            ContactResult.INVALID_ADDRESS,
            ContactResult.OPTED_OUT,
            ContactResult.COMPLAINED,
        )
    )
}
_OF_INVOICE = sa.select(contacts).where(_contact.invoice_id == sa.bindparam("of")).order_by(_contact.as_of, _contact.id)


class SqlContacts(Book):
    """`ports.ContactBook` in SQL."""

    def begin_contact(self, row: ContactRow, to: Address, rules: ContactRules) -> Contact:
        same, columns = _same(row.invoice_id, row.step, row.channel), rows.contact_columns(row)
        with self._database.writing(of=row.invoice_id) as connection:
            lock_contacts(connection, to)
            answer = rules.ask(uses_of(connection, to, row.as_of, rules.window, but=same), row.as_of)
            if isinstance(answer, Allow):
                # One that certainly was not sent is reserved once more, as it reads now; to a new address, if to any.
                again = same | columns
                if insert_once(connection, contacts, columns) or connection.execute(_TAKE_FAILED, again).rowcount:
                    return Reserved(row, ours=True)
            # It stands already, whatever else was said by now: an earlier run may have sent it.
            standing = connection.execute(_ONE, same).mappings().one_or_none()
            if standing and standing["state"] not in _NOT_MADE:
                return Reserved(rows.contact_row(standing), ours=False)
            assert not isinstance(answer, Allow)  # noqa: S101 - only a standing row stops an insert
            if not isinstance(answer, SaidWith):
                write_decisions(connection, row.invoice_id, [put_off(row.as_of, row.step, MessageStep.name, answer)])
            return answer

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

    def contact_heard(self, key: str, delivery: str, why: str, at: datetime) -> ContactRow | None:
        with self._database.writing() as connection:
            found = connection.execute(_BY_KEY, {"key_is": key}).mappings().one_or_none()
            if found is None:
                return None
            if RANK[delivery] > RANK.get(found["delivery"], -1):
                heard = {"delivery": delivery, "delivery_why": why, "delivery_at": at}
                connection.execute(sa.update(contacts).where(_contact.id == found["id"]).values(heard))
                _report(connection, found, ContactResult(delivery), at)
            return rows.contact_row(found)

    def contact_of(self, key: str) -> ContactRow | None:
        with self._database.reading() as connection:
            found = connection.execute(_BY_KEY, {"key_is": key}).mappings().one_or_none()
        return rows.contact_row(found) if found else None

    def place_of(self, key: str, channel: Channel) -> str | None:
        query = sa.union_all(
            *(sa.select(table.c.place).where(table.c.key == key, table.c.channel == channel) for table in _TOLD)
        )
        with self._database.reading() as connection:
            return connection.execute(query).scalar()

    def contacts(self, invoice_id: str) -> list[ContactRow]:
        with self._database.reading() as connection:
            return [rows.contact_row(row) for row in connection.execute(_OF_INVOICE, {"of": invoice_id}).mappings()]


def lock_contacts(connection: sa.Connection, to: Address) -> None:
    """Whoever else is about to contact this person waits."""
    # In one order everywhere: two customers may share an address and a number.
    for one in sorted([f"contacts {to.customer_id}", *(f"contacts to {key}" for key in to.keys)]):
        lock(connection, one)


def _report(connection: sa.Connection, found: sa.RowMapping, result: ContactResult, at: datetime) -> None:
    channel = Channel(found["channel"])
    event = told_of(result, channel, found["stage"])
    what = f"{channel.value} {result.words}"
    write_report(connection, found["invoice_id"], Entry(at=at, step=found["step"], what=what, why="", event=event), "")


def settle_unanswered(connection: sa.Connection, invoice_id: str, at: datetime, steps: Sequence[str] | None) -> None:
    """What becomes of messages that nobody will ask about again: they count as sent, and whoever is told of messages
    is told that it is not certain. steps: those that are left out; None: all, because the case ends."""
    standing = connection.execute(_UNANSWERED, {"of": invoice_id}).mappings().all()
    for found in standing:
        if steps is not None and found["step"] not in steps:
            continue
        same = _same(invoice_id, found["step"], channel := Channel(found["channel"]))
        connection.execute(_FINISH, same | {"state": "unknown"})
        event = ContactSent(channel=channel, stage=found["stage"], certain=False)
        what, why = f"{channel.value} unknown", "its provider did not answer, and it is not asked again"
        entry = Entry(at=at, step=found["step"], what=what, why=why, event=event)
        write_effect(connection, invoice_id, entry, occasion="")


def _same(invoice_id: str, step: str, channel: Channel) -> dict[str, str]:
    return {"of": invoice_id, "at_step": step, "on": channel}
