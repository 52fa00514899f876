"""One row per case: what was agreed at its opening, and what its newest decision says of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import sqlalchemy as sa

from domain.case import Outcome
from domain.money import CurrencyMismatch
from domain.outgoing import StepSkipped
from domain.projection import Projection
from domain.record import Entry
from gateways.ledger import rows
from gateways.ledger.calls import withdraw_calls
from gateways.ledger.case_list import CASE, IN_ORDER, SqlCaseList, case_row
from gateways.ledger.contacts import settle_unanswered
from gateways.ledger.customers import write_customer
from gateways.ledger.foreign import write_foreign
from gateways.ledger.inserts import Columns, insert_once
from gateways.ledger.records import write_decisions, write_effect, write_first
from gateways.ledger.schema import NOT_CLOSED, access_wishes, cases
from gateways.ledger.transactions import no_case
from gateways.ports.rows import AttemptRow, CaseRow, CustomerRow, Late
from gateways.ports.trouble import ProviderMisuse

_GIVEN_UP = (Outcome.COLLECTIONS, Outcome.WRITTEN_OFF)
"""Ends that news may overtake while they are written down: what the case makes of them is a decision of its own."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_OF_OPEN = ("owed_again", "reopened_as")
"""What money that is taken back changes of the row of a case that is not closed."""

_OF = cases.c.invoice_id == sa.bindparam("of")
_STATE = sa.select(cases.c.state).where(_OF)
_NUMBERED = (
    sa.select(cases.c.invoice_id)
    .where(cases.c.invoice_number == sa.bindparam("number"))
    .order_by(cases.c.invoice_id)
    .limit(10)
)
_ONE = CASE.where(_OF)
# Not the key: entries of the record may refer to the case at the same time.
_LOCKED = sa.select(cases.c.outcome, cases.c.decided_at, cases.c.currency).where(_OF).with_for_update(key_share=True)
_WRITE = sa.update(cases).where(_OF)
_WRITE_OPEN = _WRITE.where(
    cases.c.currency == sa.bindparam("in_currency"),
    cases.c.outcome.is_(None),
    sa.or_(cases.c.decided_at.is_(None), cases.c.decided_at <= sa.bindparam("moment")),
)
_IS_CLOSED = (
    sa.select(cases.c.status == "closed")
    .where(_OF, cases.c.currency == sa.bindparam("in_currency"))
    .with_for_update(key_share=True)
)
_MARK_OPEN = _WRITE.where(cases.c.status == "opening")
_NOT_CLOSED = sa.text(NOT_CLOSED)
_OPEN_OF = CASE.where(cases.c.customer_id == sa.bindparam("of"), _NOT_CLOSED).order_by(*IN_ORDER)
_BESIDE = (
    sa.select(cases.c.invoice_id)
    .where(
        cases.c.customer_id == sa.bindparam("of"),
        cases.c.invoice_id != sa.bindparam("but"),
        cases.c.status == "open",
    )
    .order_by(*IN_ORDER)
)
_STATES = sa.select(cases.c.invoice_id, cases.c.state).where(_NOT_CLOSED).order_by(cases.c.invoice_id)


class SqlCases(SqlCaseList):
    """`ports.CaseBook` in SQL."""

    def open_case(
        self,
        case: CaseRow,
        customer: CustomerRow,
        state: str,
        opened: Entry | None = None,
        failed: AttemptRow | None = None,
    ) -> CaseRow:
        with self._database.writing() as connection:
            if standing := _find(connection, case.invoice_id):
                return standing
            write_customer(connection, customer)
            if not insert_once(connection, cases, rows.case_columns(case, state)):
                return _known(connection, case.invoice_id)
            if opened:
                write_effect(connection, case.invoice_id, opened, occasion="")
            if failed:
                write_foreign(connection, failed, event_id=f"opening-{case.invoice_id}")
            return case

    def mark_open(self, invoice_id: str) -> None:
        with self._database.writing() as connection:
            if not connection.execute(_MARK_OPEN, {"of": invoice_id, "status": "open"}).rowcount:
                _known(connection, invoice_id)

    def decided(
        self, invoice_id: str, at: datetime, entries: Sequence[Entry], projection: Projection, state: str
    ) -> None:
        """See the port. Raises CurrencyMismatch when what remains is not in the invoice's currency."""
        columns = {**rows.projection_columns(projection), "state": state, "decided_at": at}
        with self._database.writing(of=invoice_id) as connection:
            if projection.outcome:
                stands = _close(connection, invoice_id, at, projection, columns)
            else:
                stands = _write_open(connection, invoice_id, at, projection, columns) or _reopen(
                    connection, invoice_id, at, projection, columns
                )
            left_out = [entry.step for entry in entries if isinstance(entry.event, StepSkipped)]
            if stands and (left_out or projection.outcome):
                settle_unanswered(connection, invoice_id, at, None if projection.outcome else left_out)
            if stands:
                withdraw_calls(connection, invoice_id, at, projection)
            write_decisions(connection, invoice_id, entries, projection.remaining, stands=stands)

    def after_the_end(self, invoice_id: str, occasion: str, entry: Entry, late: Late) -> bool:
        columns = rows.late_columns(late) | {"why": entry.why}
        conditions = {"of": invoice_id, "in_currency": late.remaining.currency}
        with self._database.writing(of=invoice_id) as connection:
            closed = connection.execute(_IS_CLOSED, conditions).scalar_one_or_none()
            if not closed:
                # What is due by the invoice, and why it waits, are the running case's own.
                columns = {name: columns[name] for name in _OF_OPEN if name in columns}
            if (
                closed is None
                or not columns
                or not write_first(connection, invoice_id, entry, occasion, late.remaining)
            ):
                return False
            connection.execute(_WRITE, columns | {"of": invoice_id})
            return True

    def taken_up(self, invoice_id: str) -> None:
        closed = sa.update(cases).where(_OF, cases.c.status == "closed")
        with self._database.writing(of=invoice_id) as connection:
            if connection.execute(closed.values(decided_at=None), {"of": invoice_id}).rowcount:
                wish = sa.update(access_wishes).where(access_wishes.c.invoice_id == invoice_id)
                connection.execute(wish.values(as_of=_LONG_AGO))

    def case(self, invoice_id: str) -> CaseRow | None:
        with self._database.reading() as connection:
            return _find(connection, invoice_id)

    def invoices_numbered(self, number: str) -> list[str]:
        with self._database.reading() as connection:
            return [row.invoice_id for row in connection.execute(_NUMBERED, {"number": number})]

    def state_of(self, invoice_id: str) -> str | None:
        with self._database.reading() as connection:
            return connection.execute(_STATE, {"of": invoice_id}).scalar_one_or_none()

    def open_cases_of(self, customer_id: str) -> list[CaseRow]:
        with self._database.reading() as connection:
            return [case_row(row) for row in connection.execute(_OPEN_OF, {"of": customer_id}).mappings()]

    def open_beside(self, invoice_id: str, customer_id: str) -> list[str]:
        with self._database.reading() as connection:
            found = connection.execute(_BESIDE, {"of": customer_id, "but": invoice_id})
            return [row.invoice_id for row in found]

    def case_states(self, after: str | None, limit: int) -> list[tuple[str, str]]:
        query = _STATES.where(cases.c.invoice_id > (after or "")).limit(limit)
        with self._database.reading() as connection:
            return [(row.invoice_id, row.state) for row in connection.execute(query)]


class _Standing(NamedTuple):
    """The decision that stands, in the columns of `_LOCKED`."""

    outcome: str | None
    decided_at: datetime | None
    currency: str


def _find(connection: sa.Connection, invoice_id: str) -> CaseRow | None:
    found = connection.execute(_ONE, {"of": invoice_id}).mappings().one_or_none()
    return case_row(found) if found else None


def _known(connection: sa.Connection, invoice_id: str) -> CaseRow:
    case = _find(connection, invoice_id)
    if case is None:
        raise no_case(invoice_id)
    return case


def _write_open(
    connection: sa.Connection, invoice_id: str, at: datetime, projection: Projection, columns: Columns
) -> bool:
    """The common case in one statement: writes the decision if none is newer and the case is not closed."""
    conditions = {"of": invoice_id, "moment": at, "in_currency": projection.remaining.currency}
    return bool(connection.execute(_WRITE_OPEN, columns | conditions).rowcount)


def _reopen(connection: sa.Connection, invoice_id: str, at: datetime, projection: Projection, columns: Columns) -> bool:
    """A decision that was not written is older than the one that stands, or comes after an end. Whether it stands now.

    News that came while the case was being given up: their effects come before the case ends otherwise.
    """
    standing = _lock(connection, invoice_id, projection)
    if not standing.outcome or (standing.decided_at and at < standing.decided_at):
        return False
    if standing.outcome not in _GIVEN_UP:
        raise ProviderMisuse(
            f"The case of invoice {invoice_id} was closed as {standing.outcome}: it cannot become {projection.status}."
        )
    connection.execute(_WRITE, columns | {"of": invoice_id, "outcome": None, "closed_at": None})
    return True


def _close(connection: sa.Connection, invoice_id: str, at: datetime, projection: Projection, columns: Columns) -> bool:
    """Whether it is this decision that closed the case."""
    standing = _lock(connection, invoice_id, projection)
    outcome = projection.outcome
    if standing.outcome == outcome or (standing.decided_at and at < standing.decided_at):
        return False
    if standing.outcome and standing.outcome not in _GIVEN_UP:
        raise ProviderMisuse(
            f"The case of invoice {invoice_id} was closed as {standing.outcome}: it cannot end as {outcome}."
        )
    end = {"of": invoice_id, "status": "closed", "outcome": outcome, "closed_at": at}
    connection.execute(_WRITE, columns | end)
    return True


def _lock(connection: sa.Connection, invoice_id: str, projection: Projection) -> _Standing:
    found = connection.execute(_LOCKED, {"of": invoice_id}).one_or_none()
    if found is None:
        raise no_case(invoice_id)
    standing = _Standing(*found)
    if standing.currency != projection.remaining.currency:
        raise CurrencyMismatch(f"invoice {invoice_id} is in {standing.currency}, not {projection.remaining.currency}")
    return standing
