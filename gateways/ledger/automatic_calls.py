"""Calls that no person makes, in the same tables; and the reading and ending of tasks that both kinds share."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.calls import AUTOMATIC, CallResult, MadeBy, TaskState
from domain.outgoing import CallDone, CallDue
from domain.record import Entry
from gateways.ledger.records import write_effect
from gateways.ledger.rows import without_nul
from gateways.ledger.schema import call_tasks, calls, cases
from gateways.ledger.transactions import Book
from gateways.ports.calls import CallRow, CallTaskRow

_task, _call, _case = call_tasks.c, calls.c, cases.c
TASK = sa.select(*(_task[name] for name in CallTaskRow.model_fields))
CALL = sa.select(*(_call[name] for name in CallRow.model_fields))
IS = _task.call_id == sa.bindparam("call_is")
WAITING = (TaskState.OPEN, TaskState.TAKEN)
OVER = sa.update(call_tasks).where(IS, _task.state.in_(WAITING))
_MOST = 200


class SqlAutomaticCalls(Book):
    """The part of `ports.CallBook` that the automatic service has to itself."""

    def automatic_calls(self, at: datetime) -> list[tuple[CallTaskRow, CallRow | None]]:
        # A case may live ahead of the clock of this machine, in a world that skips time.
        lives_at = sa.case((_case.decided_at > at, _case.decided_at), else_=sa.literal(at, _task.until.type))
        ours = TASK.join_from(call_tasks, cases, _task.invoice_id == _case.invoice_id)
        ours = ours.where(_task.made_by != MadeBy.PERSON, _task.state == TaskState.OPEN)
        ours = ours.where(_task.call_from <= lives_at, _task.until > lives_at)
        taken = CALL.where(_call.by == AUTOMATIC, _call.told.is_(False), _call.given_back.is_(False))
        with self._database.reading() as connection:
            rows = connection.execute(ours.order_by(_task.call_from, _task.call_id).limit(_MOST)).mappings().all()
            made = connection.execute(taken.order_by(_call.at, _call.id).limit(_MOST)).mappings().all()
            pending = [CallRow(**row) for row in made]
            found: list[tuple[CallTaskRow, CallRow | None]] = []
            for one in pending:
                row = found_task(connection, one.call_id)
                assert row is not None  # noqa: S101 - the call refers to it
                found.append((row, one))
        return found + [(CallTaskRow(**row), None) for row in rows]

    def dialled(self, call_id: str, number: int, provider_id: str) -> None:
        with self._database.writing() as connection:
            connection.execute(_one(call_id, number).values(without_nul({"provider_id": provider_id})))

    def heard(self, call_id: str, number: int, result: CallResult | None, *, over: bool = False) -> None:
        one = _one(call_id, number).where(_call.by == AUTOMATIC, _call.heard.is_(None))
        values: dict[str, Any] = {"confirmed": True} if result is None else {"heard": result}
        with self._database.writing() as connection:
            if over and result is not None:
                # Who has said that it is them, and pressed nothing more, was spoken to.
                connection.execute(one.where(_call.confirmed).values(heard=CallResult.REACHED))
            connection.execute(one.values(values))

    def told(self, call_id: str, number: int) -> None:
        with self._database.writing() as connection:
            connection.execute(_one(call_id, number).values(told=True))

    def not_automatic(self, call_id: str, at: datetime, why: str) -> None:
        with self._database.writing() as connection:
            row, last = held_task(connection, call_id), last_call(connection, call_id)
            if row is None or row.made_by is MadeBy.PERSON:
                return
            if last and last.by == AUTOMATIC and last.result is None:
                connection.execute(call_is(last).values(given_back=True))
            if row.made_by is MadeBy.MACHINE:
                end_task(connection, row, TaskState.WITHDRAWN, at, why)
                return
            by_hand = {"state": TaskState.OPEN, "taken_by": "", "taken_until": None, "made_by": MadeBy.PERSON}
            if connection.execute(OVER.values(by_hand), {"call_is": call_id}).rowcount:
                event = CallDue(call=call_id, until=row.until)
                entry = Entry(at=at, step=row.step, what="a person is to call", why=why, event=event)
                write_effect(connection, row.invoice_id, entry, occasion="by hand")


def end_task(connection: sa.Connection, row: CallTaskRow, state: TaskState, at: datetime, why: str) -> None:
    ended = {"state": state, "ended_at": at, "end_why": why}
    if connection.execute(OVER.values(without_nul(ended)), {"call_is": row.call_id}).rowcount:
        event = CallDone(call=row.call_id, result=state.value)
        entry = Entry(at=at, step=row.step, what=f"call {state.value}", why=why, event=event)
        write_effect(connection, row.invoice_id, entry, occasion="")


def found_task(connection: sa.Connection, call_id: str) -> CallTaskRow | None:
    found = connection.execute(TASK.where(IS), {"call_is": call_id}).mappings().one_or_none()
    return CallTaskRow(**found) if found else None


def held_task(connection: sa.Connection, call_id: str) -> CallTaskRow | None:
    """For whoever changes it: what else wants to, a case that ends among it, waits until that is done."""
    found = connection.execute(TASK.where(IS).with_for_update(), {"call_is": call_id}).mappings().one_or_none()
    return CallTaskRow(**found) if found else None


def last_call(connection: sa.Connection, call_id: str, by: str | None = None) -> CallRow | None:
    """The newest call of a task; `by`: of those of one person."""
    of = CALL.where(_call.call_id == call_id, *([_call.by == by] if by is not None else []))
    found = connection.execute(of.order_by(_call.number.desc()).limit(1)).mappings().one_or_none()
    return CallRow(**found) if found else None


def call_is(last: CallRow) -> sa.Update:
    return _one(last.call_id, last.number)


def _one(call_id: str, number: int) -> sa.Update:
    return sa.update(calls).where(_call.call_id == call_id, _call.number == number)
