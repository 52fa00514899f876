"""Charge attempts: reserved one by one under the lock of the card or bank account, so that none is used more often than
its network allows."""

from datetime import timedelta

import sqlalchemy as sa

from domain.case import ChargeOutcome
from domain.declines import Decline
from domain.gates import Allow, Postpone, Refuse
from domain.kinds.charge import ChargeStep
from domain.record import Entry
from domain.rules.uses import MethodUse, NetworkRules, NextCharge
from gateways.ledger import rows
from gateways.ledger.foreign import write_foreign
from gateways.ledger.inserts import insert_once
from gateways.ledger.locks import lock
from gateways.ledger.records import put_off, write_decisions, write_effect
from gateways.ledger.schema import attempts
from gateways.ledger.transactions import Book
from gateways.ports.rows import AttemptRow
from gateways.ports.trouble import NotFound

_CHARGED = (ChargeOutcome.PAID, ChargeOutcome.TAKEN_BACK, ChargeOutcome.DECLINED, ChargeOutcome.PROCESSING)

_attempt = attempts.c
_OURS = (_attempt.invoice_id == sa.bindparam("of"), _attempt.attempt == sa.bindparam("number"), _attempt.attempt > 0)
_ONE = sa.select(attempts).where(*_OURS)
_MOVE = sa.update(attempts).where(
    *_OURS, _attempt.state == "started", _attempt.fingerprint.is_not_distinct_from(sa.bindparam("before"))
)
_FINISH = sa.update(attempts).where(*_OURS, _attempt.state == "started")
_SETTLE = sa.update(attempts).where(*_OURS, _attempt.outcome == sa.literal(ChargeOutcome.PROCESSING.value))
_TAKE_BACK = sa.update(attempts).where(*_OURS, _attempt.outcome.in_([ChargeOutcome.PAID, ChargeOutcome.PROCESSING]))
_OF_INVOICE = sa.select(attempts).where(_attempt.invoice_id == sa.bindparam("of")).order_by(_attempt.as_of, _attempt.id)
_USES = (
    sa.select(
        _attempt.invoice_id, _attempt.as_of, _attempt.amount, _attempt.currency, _attempt.outcome, _attempt.decline
    )
    .where(
        _attempt.as_of.between(sa.bindparam("since"), sa.bindparam("until")),
        _attempt.reached_network,
        sa.or_(_attempt.state == "started", _attempt.outcome.in_(_CHARGED)),
        # A reservation that is asked for once more does not stand in its own way.
        sa.not_(sa.and_(*_OURS)),
    )
    .order_by(_attempt.as_of)
)
_USES_OF_CARD = _USES.where(_attempt.fingerprint == sa.bindparam("card"))
_USES_OF_INVOICE = _USES.where(_attempt.fingerprint.is_(None), _attempt.invoice_id == sa.bindparam("of"))


class SqlAttempts(Book):
    """`ports.AttemptBook` in SQL."""

    def begin_attempt(
        self,
        row: AttemptRow,
        rules: NetworkRules,
        country: str | None = None,
        expiry: str | None = None,
        instead_of: AttemptRow | None = None,
    ) -> AttemptRow | Postpone | Refuse:
        charge = NextCharge(
            invoice_id=row.invoice_id,
            amount=row.amount,
            at=row.as_of,
            network=row.network,
            fingerprint=row.fingerprint,
            country=country,
            expiry=expiry,
        )
        with self._database.writing(of=row.invoice_id) as connection:
            lock(connection, f"card {row.fingerprint or row.invoice_id}")
            answer = rules.ask(charge, _uses(connection, charge, rules.window(charge), row.attempt))
            begun = row.model_copy(update={"state": "started"})
            if isinstance(answer, Allow):
                columns = rows.attempt_columns(begun) | {"case_id": row.invoice_id}
                if insert_once(connection, attempts, columns):
                    return begun
                if instead_of:
                    _move(connection, begun, instead_of)
            # It stands already, whatever the card's other charges say by now: an earlier run reserved it.
            standing = _find(connection, row)
            if standing and (isinstance(answer, Allow) or not _is_of_another(standing, row, instead_of)):
                return standing
            assert not isinstance(answer, Allow)  # noqa: S101 - only a standing row stops an insert
            write_decisions(connection, row.invoice_id, [put_off(row.as_of, row.step, ChargeStep.name, answer)])
            return answer

    def finish_attempt(
        self,
        invoice_id: str,
        attempt: int,
        outcome: ChargeOutcome,
        provider_id: str | None,
        decline: Decline | None,
        entry: Entry,
    ) -> None:
        ours = {"of": invoice_id, "number": attempt}
        answer = {"state": "finished", "outcome": outcome, "provider_id": provider_id, **rows.decline_columns(decline)}
        with self._database.writing() as connection:
            if connection.execute(_FINISH, ours | answer).rowcount:
                write_effect(connection, invoice_id, entry, occasion=f"attempt {attempt}")
            elif connection.execute(_ONE, ours).first() is None:
                raise NotFound(f"Attempt {attempt} of invoice {invoice_id} was never begun: begin it before charging.")

    def settle_attempt(
        self, invoice_id: str, attempt: int, outcome: ChargeOutcome, decline: Decline | None, entry: Entry
    ) -> None:
        self._answered(_SETTLE, invoice_id, attempt, outcome, decline, entry)

    def attempt_taken_back(
        self, invoice_id: str, attempt: int, outcome: ChargeOutcome, decline: Decline | None, entry: Entry
    ) -> None:
        self._answered(_TAKE_BACK, invoice_id, attempt, outcome, decline, entry)

    def _answered(
        self,
        update: sa.Update,
        invoice_id: str,
        attempt: int,
        outcome: ChargeOutcome,
        decline: Decline | None,
        entry: Entry,
    ) -> None:
        # It has been at the bank, whatever the answer tells of its network.
        answer = {"outcome": outcome, **rows.decline_columns(decline), "reached_network": True}
        with self._database.writing() as connection:
            if connection.execute(update, {"of": invoice_id, "number": attempt} | answer).rowcount:
                write_effect(connection, invoice_id, entry, occasion=f"attempt {attempt}")

    def record_foreign_attempt(self, row: AttemptRow, event_id: str) -> None:
        with self._database.writing() as connection:
            write_foreign(connection, row, event_id)

    def uses_of(self, charge: NextCharge, window: timedelta) -> list[MethodUse]:
        with self._database.reading() as connection:
            return _uses(connection, charge, window)

    def attempts_of(self, invoice_id: str) -> list[AttemptRow]:
        with self._database.reading() as connection:
            return [rows.attempt_row(row) for row in connection.execute(_OF_INVOICE, {"of": invoice_id}).mappings()]


def _move(connection: sa.Connection, row: AttemptRow, instead_of: AttemptRow) -> None:
    """The reservation is for the method and amount of `row`, unless another run has changed it meanwhile."""
    columns = rows.attempt_columns(row)
    to = {name: columns[name] for name in ("network", "fingerprint", "amount", "currency")}
    ours = {"of": row.invoice_id, "number": row.attempt, "before": instead_of.fingerprint}
    connection.execute(_MOVE, ours | to)


def _is_of_another(standing: AttemptRow, row: AttemptRow, instead_of: AttemptRow | None) -> bool:
    """Whether what stands is an unanswered reservation of another method, which is to give way."""
    gives_way = (
        instead_of is not None and standing.state == "started" and standing.fingerprint == instead_of.fingerprint
    )
    return gives_way and standing.fingerprint != row.fingerprint


def _find(connection: sa.Connection, row: AttemptRow) -> AttemptRow | None:
    found = connection.execute(_ONE, {"of": row.invoice_id, "number": row.attempt}).mappings().one_or_none()
    return rows.attempt_row(found) if found else None


def _uses(connection: sa.Connection, charge: NextCharge, window: timedelta, number: int = 0) -> list[MethodUse]:
    """The charges of a card or account that reached its network, within the window around `charge.at`, oldest first.

    Later ones too: a reservation that was retried for hours carries an older `as_of` than those that overtook it.
    `number`: of the invoice's own attempt that does not count. Without a fingerprint a card is only known within its
    invoice.
    """
    given = {"of": charge.invoice_id, "number": number, "since": charge.at - window, "until": charge.at + window}
    if charge.fingerprint is None:
        found = connection.execute(_USES_OF_INVOICE, given)
    else:
        found = connection.execute(_USES_OF_CARD, given | {"card": charge.fingerprint})
    return [rows.method_use(use) for use in found.mappings()]
