"""The queue of calls: each task is put there once, and taken by one person at a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.addresses import address_key
from domain.calls import AUTOMATIC, CONVERSATIONS, LEASE, CallResult, CallWindow, MadeBy, TaskState
from domain.case import CaseStatus
from domain.gates import Allow, Answer, Postpone, Refuse, strictest
from domain.kinds.call import CallStep
from domain.outgoing import CallDone, CallDue
from domain.projection import Projection
from domain.record import Entry
from domain.rules.contacts import COUNTED, ContactCaps
from domain.steps import Channel
from gateways.ledger.automatic_calls import (
    CALL,
    IS,
    OVER,
    TASK,
    WAITING,
    SqlAutomaticCalls,
    bind_consent,
    call_is,
    end_task,
    found_task,
    held_task,
    last_call,
)
from gateways.ledger.contacts import lock_contacts
from gateways.ledger.inserts import insert_once
from gateways.ledger.records import put_off, write_decisions, write_effect
from gateways.ledger.rows import without_nul
from gateways.ledger.schema import call_tasks, calls
from gateways.ledger.uses import uses_of
from gateways.ports.calls import CallRow, CallTaskRow, Taken
from gateways.ports.messages import Address
from gateways.ports.rows import Closure

_task, _call = call_tasks.c, calls.c
_LATEST = timedelta(days=1)
"""So long after its end a task may wait for what the automatic service has heard."""
_NOTHING_TO_SAY = {
    CaseStatus.ON_HOLD: "the case stands still",
    CaseStatus.WITH_AGENCY: "the case is with an agency",
    CaseStatus.CLOSED: "the case has ended",
}
"""Why a case's calls are withdrawn."""


class SqlCalls(SqlAutomaticCalls):
    """`ports.CallBook` in SQL."""

    def queue_call(self, row: CallTaskRow, to: Address, caps: ContactCaps) -> CallTaskRow | Refuse:
        with self._database.writing(of=row.invoice_id) as connection:
            if standing := found_task(connection, row.call_id):
                return standing
            lock_contacts(connection, to)
            answer = _ask(connection, row, to, caps, row.as_of)
            if isinstance(answer, Postpone):
                row = row.model_copy(update={"call_from": max(row.call_from, answer.until)})
            late = row.call_from >= row.until or (row.windows and row.windows[-1].end <= row.call_from)
            if isinstance(answer, Refuse) or late:
                refused = answer if isinstance(answer, Refuse) else _too_late(answer)
                write_decisions(connection, row.invoice_id, [put_off(row.as_of, row.step, CallStep.name, refused)])
                return refused
            if insert_once(connection, call_tasks, _columns(row)):
                event = CallDue(call=row.call_id, until=row.until) if row.made_by is MadeBy.PERSON else None
                entry = Entry(at=row.as_of, step=row.step, what="call due", why=row.why, event=event)
                write_effect(connection, row.invoice_id, entry, occasion="")
                if row.made_by is not MadeBy.PERSON:
                    bind_consent(connection, row, to)
            return row

    def call_task(self, call_id: str) -> CallTaskRow | None:
        with self._database.reading() as connection:
            return found_task(connection, call_id)

    def call_tasks(self, states: Sequence[TaskState], after: str | None, limit: int) -> list[CallTaskRow]:
        query = TASK.where(_task.state.in_(states)).order_by(_task.call_from, _task.call_id).limit(limit)
        if after is not None:
            before = sa.select(_task.call_from).where(_task.call_id == after).scalar_subquery()
            query = query.where(sa.tuple_(_task.call_from, _task.call_id) > sa.tuple_(before, sa.literal(after)))
        with self._database.reading() as connection:
            return [CallTaskRow(**found) for found in connection.execute(query).mappings()]

    def calls_of(self, call_id: str) -> list[CallRow]:
        query = CALL.where(_call.call_id == call_id).order_by(_call.number)
        with self._database.reading() as connection:
            return [CallRow(**found) for found in connection.execute(query).mappings()]

    def calls_with(self, customer_id: str) -> list[tuple[CallTaskRow, CallRow]]:
        tasks = TASK.where(_task.customer_id == customer_id)
        made = CALL.join_from(calls, call_tasks, _call.call_id == _task.call_id).where(_task.customer_id == customer_id)
        with self._database.reading() as connection:
            known = {row["call_id"]: CallTaskRow(**row) for row in connection.execute(tasks).mappings()}
            found = connection.execute(made.order_by(_call.at, _call.id)).mappings().all()
        return [(known[row["call_id"]], CallRow(**row)) for row in found]

    def take_call(
        self,
        call_id: str,
        to: Address,
        caps: ContactCaps,
        by: str,
        at: datetime,
        closes: datetime | None = None,
    ) -> Taken | CallTaskRow | Postpone | Refuse:
        with self._database.writing() as connection:
            lock_contacts(connection, to)
            row = held_task(connection, call_id)
            assert row is not None  # noqa: S101 - asked about before, and none is ever removed
            last = last_call(connection, call_id)
            held = row.state is TaskState.TAKEN and row.taken_until is not None and at < row.taken_until
            # A person may ask again; of several processes only one dials.
            if held and row.taken_by == by != AUTOMATIC and last:
                return Taken(row, last.number)
            if row.state not in WAITING or held or row.until <= at:
                return row
            answer = _ask(connection, row, to, caps, at)
            if not isinstance(answer, Allow):
                return answer
            number, until = last.number + 1 if last else 1, min(at + LEASE, row.until, closes or row.until)
            taken = {"state": TaskState.TAKEN, "taken_by": by, "taken_until": until}
            connection.execute(sa.update(call_tasks).where(IS).values(without_nul(taken)), {"call_is": call_id})
            one = CallRow(call_id=call_id, number=number, by=by, at=at)
            place = to.key(Channel.PHONE)
            columns = {**one.model_dump(), "invoice_id": row.invoice_id, "place": place, "conversation": False}
            connection.execute(sa.insert(calls), without_nul(columns))
            why = f"{AUTOMATIC} calls" if by == AUTOMATIC else "a person calls"
            entry = Entry(at=at, step=row.step, what="call taken", why=why)
            write_effect(connection, row.invoice_id, entry, occasion=str(number))
            return Taken(row.model_copy(update=taken), number)

    def give_back(self, call_id: str, by: str, at: datetime, why: str = "no call was made") -> bool:
        with self._database.writing() as connection:
            row, last = held_task(connection, call_id), last_call(connection, call_id)
            if row is None or last is None or last.by != by or last.result:
                return False
            if last.given_back:
                return True
            connection.execute(call_is(last).values(given_back=True))
            mine = sa.update(call_tasks).where(IS, _task.state == TaskState.TAKEN)
            free = {"state": TaskState.OPEN, "taken_by": "", "taken_until": None}
            connection.execute(mine.values(free), {"call_is": call_id})
            entry = Entry(at=at, step=row.step, what="call given back", why=why)
            write_effect(connection, row.invoice_id, entry, occasion=str(last.number))
            return True

    def call_result(
        self, call_id: str, by: str, result: CallResult, at: datetime, why: str, again: CallWindow | None = None
    ) -> tuple[int, CallResult] | None:
        with self._database.writing() as connection:
            row, mine = held_task(connection, call_id), last_call(connection, call_id, by)
            if row is None or mine is None or mine.given_back:
                return None
            if mine.result:
                return mine.number, mine.result
            # Whoever has taken it since says what becomes of the task.
            is_theirs = mine == last_call(connection, call_id)
            # Whoever answers the automatic service may press that they want no calls.
            spoken = result in CONVERSATIONS and (by != AUTOMATIC or mine.confirmed)
            connection.execute(call_is(mine).values(result=result, result_at=at, conversation=spoken))
            became: dict[str, Any] = {"state": TaskState.DONE, "ended_at": at, "end_why": result.words}
            waits = again is not None and is_theirs and row.state in WAITING
            if again and waits:
                became = {"state": TaskState.OPEN, "taken_by": "", "taken_until": None}
                became |= {"call_from": again.start, "until": max(row.until, again.end), "made_by": MadeBy.PERSON}
                windows = sorted((*row.windows, again), key=lambda window: window.start)
                became |= {"windows": [window.model_dump(mode="json") for window in windows]}
            if is_theirs:
                connection.execute(OVER.values(became), {"call_is": call_id})
            event: CallDone | CallDue | None = None
            if waits and row.made_by is not MadeBy.PERSON:
                event = CallDue(call=call_id, until=became["until"])
            elif is_theirs and not waits:
                event = CallDone(call=call_id, result=result.value)
            entry = Entry(at=at, step=row.step, what=f"call: {result.words}", why=why, event=event)
            write_effect(connection, row.invoice_id, entry, occasion=str(mine.number))
            # The automatic service speaks of one invoice alone.
            if spoken and by != AUTOMATIC:
                _withdraw(connection, _beside(row, mine.at), at, f"it was spoken of in the call about {row.invoice_id}")
            return mine.number, result

    def call_place(self, call_id: str, number: int) -> str | None:
        this = sa.select(_call.place).where(_call.call_id == call_id, _call.number == number)
        with self._database.reading() as connection:
            return connection.execute(this).scalar()

    def calls_over(self, at: datetime) -> int:
        # A call that the automatic service has made in time is heard out and told first.
        heard_out = sa.exists().where(
            _call.call_id == _task.call_id, _call.by == AUTOMATIC, _call.told.is_(False), _call.given_back.is_(False)
        )
        late = TASK.where(_task.state.in_(WAITING), _task.until <= at, sa.or_(~heard_out, _task.until <= at - _LATEST))
        with self._database.writing() as connection:
            found = [CallTaskRow(**row) for row in connection.execute(late).mappings()]
            for row in found:
                end_task(connection, row, TaskState.EXPIRED, at, "nobody made the call in time")
        return len(found)


def withdraw_calls(connection: sa.Connection, invoice_id: str, at: datetime, projection: Projection) -> None:
    """Where a case has nothing to say any more nobody may take its tasks. Those whose time was over before expire."""
    why = _NOTHING_TO_SAY.get(projection.status, "the case comes to its end" if projection.silent else None)
    if why is None:
        return
    _withdraw(connection, _task.invoice_id == invoice_id, at, why)


def withdraw_calls_to(connection: sa.Connection, closure: Closure) -> None:
    """Nobody is called any more where calls are closed by now: not the person, or whoever has the number."""
    person, number = _task.customer_id == closure.customer_id, _task.place == closure.address
    whose = [person] if closure.address is None else [number, *([person] if closure.wish else [])]
    _withdraw(connection, sa.or_(*whose), closure.at, f"nobody is called: {closure.why}")


def _beside(row: CallTaskRow, called_at: datetime) -> sa.ColumnElement[bool]:
    """Tasks of the customer's other invoices that waited when the call was made, which names those as well."""
    theirs = sa.and_(_task.customer_id == row.customer_id, _task.invoice_id != row.invoice_id)
    free = sa.or_(_task.state == TaskState.OPEN, _task.taken_until <= called_at)
    return sa.and_(theirs, _task.as_of <= called_at, free)


def _withdraw(connection: sa.Connection, which: sa.ColumnElement[bool], at: datetime, why: str) -> None:
    waiting = TASK.where(which, _task.state.in_(WAITING))
    for found in connection.execute(waiting).mappings().all():
        row = CallTaskRow(**found)
        over = row.until <= at
        state = TaskState.EXPIRED if over else TaskState.WITHDRAWN
        end_task(connection, row, state, at, "nobody made the call in time" if over else why)


def _ask(connection: sa.Connection, row: CallTaskRow, to: Address, caps: ContactCaps, at: datetime) -> Answer:
    uses = uses_of(connection, to, at, caps.window)
    times = [use.at for use in uses if use.channel in COUNTED]
    lawful = caps.lawfully(row.invoice_id, uses, at)
    own = caps.ask(Channel.PHONE, times, at)
    return strictest((lawful, own))


def _too_late(answer: Answer) -> Refuse:
    assert isinstance(answer, Postpone)  # noqa: S101 - what is allowed is not late
    return Refuse(why=f"{answer.why}, and then it is late for this one", rule=answer.rule)


def _columns(row: CallTaskRow) -> dict[str, Any]:
    as_json = row.model_dump(mode="json", include={"zones", "windows", "offers", "said"})
    return without_nul({**row.model_dump(), **as_json, "place": address_key(row.address) if row.address else None})
