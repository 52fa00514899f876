"""The ledger in SQL, on SQLite or PostgreSQL. Every promise of `ports.Ledger` rests on a constraint of the schema."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from domain.case import ChargeOutcome, Outcome
from domain.declines import Decline
from domain.money import CurrencyMismatch, Money
from domain.record import Entry as Note
from domain.steps import Channel
from gateways.ledger import rows
from gateways.ledger.database import open_database, trouble
from gateways.ledger.schema import (
    attempts,
    cases,
    channel_closures,
    contacts,
    customers,
    handoffs,
    provider_events,
    timeline,
)
from gateways.ports.ledger import NetworkRules
from gateways.ports.messages import Address
from gateways.ports.rows import AttemptRow, CardUse, CaseRow, ContactRow, CustomerRow, Refusal, TimelineRow
from gateways.ports.trouble import NotFound, ProviderMisuse

# The longest window of any network's ceiling is 30 days; one more covers the change of a day between time zones.
_CARD_WINDOW = timedelta(days=31)
_GIVEN_UP = (Outcome.COLLECTIONS, Outcome.WRITTEN_OFF)
_CHARGED = (ChargeOutcome.PAID, ChargeOutcome.DECLINED, ChargeOutcome.PROCESSING)


class SqlLedger:
    """`ports.Ledger` on a database whose schema `upgrade_schema` has brought up to date.

    May be shared by threads. Every call is one transaction. Raises ProviderTrouble when the database does not answer,
    NotFound for an invoice, customer or reservation that it does not know.
    """

    def __init__(self, url: str) -> None:
        self._engine = open_database(url)
        self._writer = self._engine.execution_options(writes=True)

    def close(self) -> None:
        """Gives back the connections."""
        self._engine.dispose()

    def open_case(self, case: CaseRow, customer: CustomerRow) -> CaseRow:
        with self._writing() as database:
            if standing := _find_case(database, case.invoice_id):
                return standing
            _write_customer(database, customer)
            _insert_once(database, cases, rows.case_columns(case))
            return _known_case(database, case.invoice_id)

    def mark_open(self, invoice_id: str) -> None:
        with self._writing() as database:
            _known_case(database, invoice_id)
            database.execute(
                sa.update(cases)
                .where(cases.c.invoice_id == invoice_id, cases.c.status == "opening")
                .values(status="open")
            )

    def case(self, invoice_id: str) -> CaseRow | None:
        with self._reading() as database:
            return _find_case(database, invoice_id)

    def cases(self, status: str | None = None, customer_id: str | None = None) -> list[CaseRow]:
        query = sa.select(cases).order_by(cases.c.opened_at, cases.c.invoice_id)
        if status is not None:
            query = query.where(cases.c.status == status)
        if customer_id is not None:
            query = query.where(cases.c.customer_id == customer_id)
        with self._reading() as database:
            return [rows.case_row(found) for found in database.execute(query).mappings()]

    def close_case(self, invoice_id: str, outcome: Outcome, remaining: Money, at: datetime, line: TimelineRow) -> None:
        """See the port. Raises ProviderMisuse for an end that contradicts the one that stands."""
        with self._writing() as database:
            case = _known_case(database, invoice_id, lock=True)
            if case.outcome is outcome:
                return
            if case.outcome and (case.outcome not in _GIVEN_UP or outcome is not Outcome.RECOVERED):
                raise ProviderMisuse(
                    f"The case of invoice {invoice_id} was closed as {case.outcome}: it cannot end as {outcome}."
                )
            if remaining.currency != case.amount.currency:
                raise CurrencyMismatch(f"invoice {invoice_id} is in {case.amount.currency}, not {remaining.currency}")
            database.execute(
                sa.update(cases)
                .where(cases.c.invoice_id == invoice_id)
                .values(status="closed", outcome=outcome, remaining=remaining.amount, closed_at=at)
            )
            _insert_once(database, timeline, rows.line_columns(line, occasion="closed"))

    def address(self, customer_id: str) -> Address:
        query = sa.select(*(customers.c[name] for name in Address.model_fields)).where(
            customers.c.customer_id == customer_id
        )
        with self._reading() as database:
            found = database.execute(query).mappings().one_or_none()
        if found is None:
            raise NotFound(f"The ledger has no customer {customer_id}: open a case of this customer first.")
        return Address(**found)

    def begin_attempt(self, row: AttemptRow, rules: NetworkRules) -> AttemptRow | Refusal:
        """See the port. A repeated call gets the same refusal again, also when the rule would allow it by now."""
        with self._writing() as database:
            _known_case(database, row.invoice_id)
            _lock_card(database, row)
            if (standing := _find_attempt(database, row)) is not None:
                return standing
            refused = rules.refuse(row.network, _card_uses(database, row), row.amount, row.as_of)
            columns = rows.attempt_columns(row) | {"state": "started"}
            if refused:
                columns |= {"state": "refused", "outcome": ChargeOutcome.REFUSED, **refused.model_dump()}
            if not _insert_once(database, attempts, columns):
                # Another worker reserved the same attempt on another card at this moment.
                standing = _find_attempt(database, row)
                assert standing is not None  # noqa: S101 - its row is what stood in the way
                return standing
            if refused:
                line = TimelineRow(
                    at=row.as_of,
                    invoice_id=row.invoice_id,
                    step=row.step,
                    what="refused",
                    why=refused.why,
                    rule=refused.rule,
                )
                _insert_once(database, timeline, rows.line_columns(line, occasion=f"attempt {row.attempt}"))
                return refused
            return row.model_copy(update={"state": "started"})

    def finish_attempt(
        self,
        invoice_id: str,
        attempt: int,
        outcome: ChargeOutcome,
        provider_id: str | None,
        decline: Decline | None,
        line: TimelineRow,
    ) -> None:
        ours = (attempts.c.invoice_id == invoice_id, attempts.c.attempt == attempt, attempts.c.attempt > 0)
        with self._writing() as database:
            changed = database.execute(
                sa.update(attempts)
                .where(*ours, attempts.c.state == "started")
                .values(state="finished", outcome=outcome, provider_id=provider_id, **rows.decline_columns(decline))
            )
            if changed.rowcount:
                _insert_once(database, timeline, rows.line_columns(line, occasion=f"attempt {attempt}"))
            elif database.execute(sa.select(attempts.c.id).where(*ours)).first() is None:
                raise NotFound(f"Attempt {attempt} of invoice {invoice_id} was never begun: begin it before charging.")

    def record_foreign_attempt(self, row: AttemptRow, event_id: str) -> None:
        with self._writing() as database:
            _insert_once(database, attempts, rows.attempt_columns(row) | {"attempt": 0, "event_id": event_id})

    def unfinished_attempts(self, invoice_id: str) -> list[AttemptRow]:
        return self._attempts(invoice_id, attempts.c.state == "started")

    def attempts(self, invoice_id: str) -> list[AttemptRow]:
        return self._attempts(invoice_id)

    def begin_contact(self, row: ContactRow) -> tuple[ContactRow, bool]:
        with self._writing() as database:
            _known_case(database, row.invoice_id)
            ours = _insert_once(database, contacts, row.model_dump()) or _take_failed_contact(database, row)
            query = sa.select(contacts).where(*_same_contact(row.invoice_id, row.step, row.channel))
            return rows.contact_row(database.execute(query).mappings().one()), ours

    def finish_contact(
        self,
        invoice_id: str,
        step: str,
        channel: Channel,
        state: str,
        provider_id: str | None,
        line: TimelineRow,
    ) -> None:
        same = _same_contact(invoice_id, step, channel)
        with self._writing() as database:
            changed = database.execute(
                sa.update(contacts)
                .where(*same, contacts.c.state == "sending")
                .values(state=state, provider_id=provider_id)
            )
            if changed.rowcount:
                _insert_once(database, timeline, rows.line_columns(line, occasion=channel))
            elif database.execute(sa.select(contacts.c.id).where(*same)).first() is None:
                raise NotFound(f"The {channel} contact {step} of invoice {invoice_id} was never begun: begin it first.")

    def contacts(self, invoice_id: str) -> list[ContactRow]:
        query = sa.select(contacts).where(contacts.c.invoice_id == invoice_id).order_by(contacts.c.as_of, contacts.c.id)
        with self._reading() as database:
            return [rows.contact_row(found) for found in database.execute(query).mappings()]

    def close_channel(self, customer_id: str, channel: Channel, why: str, event_id: str, at: datetime) -> None:
        columns = {"customer_id": customer_id, "channel": channel, "why": why, "event_id": event_id, "at": at}
        with self._writing() as database:
            _insert_once(database, channel_closures, columns)

    def closed_channels(self, customer_id: str) -> dict[Channel, str]:
        """Channel → why it is closed; the first reason, where there are several."""
        closure = channel_closures.c
        query = (
            sa.select(closure.channel, closure.why)
            .where(closure.customer_id == customer_id)
            .order_by(closure.at.desc(), closure.event_id.desc())
        )
        with self._reading() as database:
            return {Channel(channel): why for channel, why in database.execute(query)}

    def append(self, invoice_id: str, notes: Sequence[Note]) -> None:
        if not notes:
            return
        with self._writing() as database:
            _known_case(database, invoice_id)
            for note in notes:
                _insert_once(database, timeline, rows.note_columns(invoice_id, note))

    def record_effect(self, invoice_id: str, line: TimelineRow) -> None:
        with self._writing() as database:
            _known_case(database, invoice_id)
            _insert_once(database, timeline, rows.line_columns(line, occasion="") | {"invoice_id": invoice_id})

    def timeline(self, invoice_id: str) -> list[TimelineRow]:
        """Oldest first; lines of one moment in the order in which they were written."""
        query = sa.select(timeline).where(timeline.c.invoice_id == invoice_id).order_by(timeline.c.at, timeline.c.id)
        with self._reading() as database:
            return [rows.line_row(found) for found in database.execute(query).mappings()]

    def provider_event(self, provider: str, event_id: str, kind: str, invoice_id: str | None, at: datetime) -> bool:
        columns = {"provider": provider, "event_id": event_id, "kind": kind, "invoice_id": invoice_id, "at": at}
        with self._writing() as database:
            return _insert_once(database, provider_events, columns)

    def knows_event(self, provider: str, event_id: str) -> bool:
        query = sa.select(provider_events.c.event_id).where(
            provider_events.c.provider == provider, provider_events.c.event_id == event_id
        )
        with self._reading() as database:
            return database.execute(query).first() is not None

    def record_handoff(self, invoice_id: str, handoff_id: str, reference: str, at: datetime) -> None:
        columns = {"handoff_id": handoff_id, "invoice_id": invoice_id, "reference": reference, "at": at}
        with self._writing() as database:
            _known_case(database, invoice_id)
            _insert_once(database, handoffs, columns)

    def _attempts(self, invoice_id: str, *conditions: sa.ColumnElement[bool]) -> list[AttemptRow]:
        query = (
            sa.select(attempts)
            .where(attempts.c.invoice_id == invoice_id, *conditions)
            .order_by(attempts.c.as_of, attempts.c.id)
        )
        with self._reading() as database:
            return [rows.attempt_row(found) for found in database.execute(query).mappings()]

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with trouble(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with trouble(), self._writer.begin() as connection:
            yield connection


def _insert_once(database: sa.Connection, table: sa.Table, columns: dict[str, Any]) -> bool:
    """Inserts the row unless a uniqueness constraint says that it is there; whether it was inserted."""
    insert = postgresql.insert if database.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(columns).on_conflict_do_nothing().returning(sa.literal(1))
    return database.execute(statement).first() is not None


def _write_customer(database: sa.Connection, customer: CustomerRow) -> None:
    """Inserts the customer; of one who is known already, replaces what is stated and keeps what is not."""
    if _insert_once(database, customers, customer.model_dump()):
        return
    stated = {name: value for name, value in customer.model_dump(exclude_unset=True).items() if value}
    database.execute(sa.update(customers).where(customers.c.customer_id == customer.customer_id).values(stated))


def _find_case(database: sa.Connection, invoice_id: str, *, lock: bool = False) -> CaseRow | None:
    query = sa.select(cases).where(cases.c.invoice_id == invoice_id)
    found = database.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return rows.case_row(found) if found else None


def _known_case(database: sa.Connection, invoice_id: str, *, lock: bool = False) -> CaseRow:
    case = _find_case(database, invoice_id, lock=lock)
    if case is None:
        raise NotFound(f"The ledger has no case of invoice {invoice_id}: start the case through starter.py.")
    return case


def _find_attempt(database: sa.Connection, row: AttemptRow) -> AttemptRow | Refusal | None:
    query = sa.select(attempts).where(
        attempts.c.invoice_id == row.invoice_id, attempts.c.attempt == row.attempt, attempts.c.attempt > 0
    )
    found = database.execute(query).mappings().one_or_none()
    if found is None:
        return None
    return rows.refusal(found) if found["state"] == "refused" else rows.attempt_row(found)


def _lock_card(database: sa.Connection, row: AttemptRow) -> None:
    """Makes reservations on one card wait for each other until the transaction ends.

    SQLite needs nothing: its immediate transaction holds the whole file.
    """
    if database.dialect.name == "postgresql":
        digest = hashlib.sha256(f"card {row.fingerprint or row.invoice_id}".encode()).digest()
        key = int.from_bytes(digest[:8], "big", signed=True)
        database.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def _card_uses(database: sa.Connection, row: AttemptRow) -> list[CardUse]:
    """The card's charges that reached the network, within 31 days of `row.as_of`, oldest first.

    Later ones too: a reservation that was retried for hours carries an older `as_of` than those that overtook it.
    A card without a fingerprint is only known within its invoice.
    """
    attempt = attempts.c
    if row.fingerprint is not None:
        same_card = attempt.fingerprint == row.fingerprint
    else:
        same_card = sa.and_(attempt.invoice_id == row.invoice_id, attempt.fingerprint.is_(None))
    query = (
        sa.select(attempts)
        .where(
            same_card,
            attempt.as_of.between(row.as_of - _CARD_WINDOW, row.as_of + _CARD_WINDOW),
            attempt.reached_network,
            sa.or_(attempt.state == "started", attempt.outcome.in_(_CHARGED)),
        )
        .order_by(attempt.as_of, attempt.id)
    )
    return [rows.card_use(found) for found in database.execute(query).mappings()]


def _take_failed_contact(database: sa.Connection, row: ContactRow) -> bool:
    """Reserves a contact that certainly was not sent once more, as it reads now; whether it was there to be taken."""
    same = _same_contact(row.invoice_id, row.step, row.channel)
    changed = database.execute(sa.update(contacts).where(*same, contacts.c.state == "failed").values(row.model_dump()))
    return bool(changed.rowcount)


def _same_contact(invoice_id: str, step: str, channel: Channel) -> tuple[sa.ColumnElement[bool], ...]:
    return contacts.c.invoice_id == invoice_id, contacts.c.step == step, contacts.c.channel == channel
