"""Calls that no person makes, in the same tables; and the reading and ending of tasks that both kinds share."""

from datetime import datetime

import sqlalchemy as sa

from domain.calls import AUTOMATIC, CallResult, MadeBy, TaskState
from domain.consent import Purpose
from domain.outgoing import CallDone, CallDue
from domain.record import Entry
from domain.steps import Channel
from gateways.ledger.records import write_effect
from gateways.ledger.rows import without_nul
from gateways.ledger.schema import call_tasks, calls, cases, opt_ins
from gateways.ledger.transactions import Book
from gateways.ports.calls import CallRow, CallTaskRow
from gateways.ports.messages import Address

_task, _call, _case = call_tasks.c, calls.c, cases.c
TASK = sa.select(*(_task[name] for name in CallTaskRow.model_fields))
CALL = sa.select(*(_call[name] for name in CallRow.model_fields))
IS = _task.call_id == sa.bindparam("call_is")
WAITING = (TaskState.OPEN, TaskState.TAKEN)
OVER = sa.update(call_tasks).where(IS, _task.state.in_(WAITING))
_MOST = 200  # of a page
_NO_KEY = (CallResult.NO_ANSWER, CallResult.REACHED)
"""What a call has come to where no key has said more."""


class SqlAutomaticCalls(Book):
    """The part of `ports.CallBook` that the automatic service has to itself."""

    def untold_calls(self) -> list[tuple[CallTaskRow, CallRow]]:
        taken = CALL.where(_call.by == AUTOMATIC, _call.told.is_(False), _call.given_back.is_(False))
        with self._database.reading() as connection:
            made = connection.execute(taken.order_by(_call.at, _call.id)).mappings().all()
            found: list[tuple[CallTaskRow, CallRow]] = []
            for one in (CallRow(**row) for row in made):
                row = found_task(connection, one.call_id)
                assert row is not None  # noqa: S101 - the call refers to it
                found.append((row, one))
        return found

    def automatic_calls(self, at: datetime, after: str = "") -> list[CallTaskRow]:
        # A case may live ahead of the clock of this machine, in a world that skips time.
        lives_at = sa.case((_case.decided_at > at, _case.decided_at), else_=sa.literal(at, _task.until.type))
        ours = TASK.join_from(call_tasks, cases, _task.invoice_id == _case.invoice_id)
        ours = ours.where(_task.made_by != MadeBy.PERSON, _task.state == TaskState.OPEN, _task.call_id > after)
        ours = ours.where(_task.call_from <= lives_at, _task.until > lives_at)
        with self._database.reading() as connection:
            rows = connection.execute(ours.order_by(_task.call_id).limit(_MOST)).mappings().all()
        return [CallTaskRow(**row) for row in rows]

    def dialled_at(self, place: str) -> set[str]:
        these = sa.select(_call.provider_id).where(_call.place == place, _call.provider_id.is_not(None))
        with self._database.reading() as connection:
            return set(connection.execute(these).scalars())

    def dialled(self, call_id: str, number: int, provider_id: str) -> None:
        with self._database.writing() as connection:
            connection.execute(_one(call_id, number).values(without_nul({"provider_id": provider_id})))

    def confirmed(self, call_id: str, number: int) -> None:
        one = _one(call_id, number).where(_call.by == AUTOMATIC, _call.heard.is_(None))
        with self._database.writing() as connection:
            connection.execute(one.values(confirmed=True))

    def heard(self, call_id: str, number: int, result: CallResult) -> bool:
        # That a call is over may be told before the key that ended it.
        nothing = sa.or_(_call.heard.is_(None), _call.heard.in_(_NO_KEY))
        open_yet = sa.and_(nothing, _call.told.is_(False), _call.result.is_(None))
        one = _one(call_id, number).where(_call.by == AUTOMATIC, open_yet)
        with self._database.writing() as connection:
            return bool(connection.execute(one.values(heard=result)).rowcount)

    def over(self, call_id: str, number: int) -> None:
        one = _one(call_id, number).where(_call.by == AUTOMATIC, _call.heard.is_(None))
        with self._database.writing() as connection:
            # Who has said that it is them, and pressed nothing more, was spoken to.
            connection.execute(one.where(_call.confirmed).values(heard=CallResult.REACHED))
            connection.execute(one.values(heard=CallResult.NO_ANSWER))

    def told(self, call_id: str, number: int) -> None:
        with self._database.writing() as connection:
            connection.execute(_one(call_id, number).values(told=True))

    def not_automatic(self, call_id: str, at: datetime, why: str, number: int | None = None) -> None:
        with self._database.writing() as connection:
            row, last = held_task(connection, call_id), last_call(connection, call_id)
            if row is None or row.made_by is MadeBy.PERSON:
                return
            mine = last is not None and last.by == AUTOMATIC and last.number == number and last.result is None
            if row.state is not TaskState.OPEN and not mine:
                return
            if last and mine:
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


def bind_consent(connection: sa.Connection, row: CallTaskRow, to: Address) -> None:
    """The number of a consent that was given before one was known: the first that is to be called by it."""
    unbound = opt_ins.c.address.is_(None), opt_ins.c.purpose == Purpose.AUTOMATED_CALLS
    whose = sa.update(opt_ins).where(opt_ins.c.customer_id == row.customer_id, *unbound)
    connection.execute(whose.values(address=to.key(Channel.PHONE)))


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
