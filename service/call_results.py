"""What came of calls: kept, closed where the customer wants it so, and told to the case."""

from datetime import date, datetime, time, timedelta

from domain import events
from domain.addresses import FIELDS
from domain.base import Frozen
from domain.calendar import at_local, local, minute
from domain.calls import AUTOMATIC, LONGEST_PROMISE, CallResult, CallWindow, TaskState, in_utc
from domain.consent import Source
from domain.money import Money
from domain.rules.calls import PHONE, call_closes, call_windows
from domain.steps import Channel
from gateways.ports.calls import CallTaskRow
from gateways.ports.ledger import Ledger
from gateways.ports.rows import Closure
from service.calls import Calls
from service.requests import Refused, WrongRequest, money
from service.running import Ended, RunningCases

_CALL_BACK_WITHIN = timedelta(days=14)


class CallSaid(Frozen):
    """What stands of a call after its result."""

    call: str
    result: CallResult
    state: TaskState
    told: bool  # whether the case goes on with it; False: it is over
    call_from: datetime | None = None  # of a call that is made once more


class CallResults:
    """Raises Refused, WrongRequest, Unknown, Unavailable, or ProviderTrouble: the same may then be given again."""

    def __init__(self, ledger: Ledger, calls: Calls, running: RunningCases) -> None:
        self._ledger = ledger
        self._calls = calls
        self._running = running

    async def say(
        self,
        call_id: str,
        by: str,
        result: CallResult,
        *,
        on: date | None = None,
        amount: str | None = None,
        at: datetime | None = None,
    ) -> CallSaid:
        """Keeps what came of the call that somebody has taken; given twice it counts once. `on`, `amount` (in major
        units): of a promise; `at`: when the customer wants to be called again."""
        if by.strip() == AUTOMATIC:
            raise WrongRequest(f"{AUTOMATIC} says by itself what came of its calls: say who has taken {call_id}.")
        return await self._say(call_id, by, result, on, amount, at)

    async def say_automatically(self, call_id: str, result: CallResult, at: datetime | None) -> CallSaid:
        """The same for the automatic service."""
        return await self._say(call_id, AUTOMATIC, result, None, None, at)

    async def _say(
        self,
        call_id: str,
        by: str,
        result: CallResult,
        on: date | None,
        amount: str | None,
        at: datetime | None,
    ) -> CallSaid:
        row, fact = self._keep(call_id, by, result, on, amount, at)
        told = True
        try:
            await self._running.tell(row.invoice_id, "call_reported", fact)
        except Ended:
            told = False
        waits = row.call_from if row.state is TaskState.OPEN else None
        return CallSaid(call=call_id, result=result, state=row.state, told=told, call_from=waits)

    def _keep(
        self,
        call_id: str,
        by: str,
        result: CallResult,
        on: date | None,
        amount: str | None,
        at: datetime | None,
    ) -> tuple[CallTaskRow, events.CallReported]:
        row = self._calls.task(call_id)
        if (on is None) is (result is CallResult.PROMISE):
            raise WrongRequest("A promise needs the day by which it is paid, and nothing else has one.")
        if (at is None) is (result is CallResult.CALL_BACK):
            raise WrongRequest("To be called back needs the moment (at), and nothing else has one.")
        if amount and result is not CallResult.PROMISE:
            raise WrongRequest("An amount is promised, or not named: what was paid is seen when it comes in.")
        made = [one for one in self._ledger.calls_of(call_id) if one.by == by.strip() and not one.given_back]
        if not made:
            raise Refused(f"{by} has not taken {call_id}: python starter.py calls take {call_id} --by … comes first.")
        fresh = made[-1].result is None
        moment = self._calls.now(row)
        again = self._again(row, at, moment, by.strip()) if at and fresh else None
        promised = self._promised(row, amount) if amount else None
        if on:
            _ask_promise(row, on, made[-1].result_at or moment)
        why = f"by {on}" if on else f"from {in_utc(again.start)} on" if again else ""
        kept = self._ledger.call_result(call_id, by.strip(), result, moment, why, again)
        if kept is None:
            raise Refused(f"{by} has given {call_id} back: take it again first.")
        number, standing = kept
        if standing is not result:
            raise Refused(f"{call_id} has the result {standing.words} already: what came of a call is said once.")
        close_as_said(self._ledger, row, result, number, moment)
        fact = events.CallReported(
            event_id=_event_id(row, number), step=row.step, result=result, on=on, amount=promised
        )
        return self._calls.task(call_id), fact

    def _again(self, row: CallTaskRow, at: datetime, moment: datetime, by: str) -> CallWindow:
        """The hours in which the customer is called again, from the moment that they named: one that is allowed."""
        if not moment < at <= moment + _CALL_BACK_WITHIN and by != AUTOMATIC:
            raise WrongRequest(f"at: name a moment within the next {_CALL_BACK_WITHIN.days} days.")
        now = self._calls.situation(row)
        if now is None:
            raise Refused("The case has ended: nobody is called back.")
        hours, holidays = now.schedule.hours(PHONE), now.circumstances.holidays
        opens = hours.next_allowed(at, now.zones, holidays)
        if opens > at:
            why, rule = now.schedule.why_closed(at, PHONE)
            then = f"{minute(local(opens, now.zones[0]))} in {now.zones[0]} ({in_utc(opens)})"
            raise Refused(f"Nobody may be called then: {why}{f' ({rule})' if rule else ''}. The next moment is {then}.")
        # Who has named the moment to a person may be called then, whatever hours they have stated.
        closes = call_closes(now, at, named=None if by == AUTOMATIC else at)
        # Later on that day in the hours that they have stated.
        midnight = at_local(local(at, now.zones[0]).date() + timedelta(days=1), time.min, now.zones[0])
        later = [window.end for window in call_windows(now, at, midnight)]
        return CallWindow(start=at, end=max(closes, *later))

    def _promised(self, row: CallTaskRow, amount: str) -> Money:
        case = self._ledger.case(row.invoice_id)
        assert case is not None  # noqa: S101 - the task refers to it
        found = money(amount, case.amount.currency)
        if found.amount <= 0:
            raise WrongRequest(f"amount: {found} is nothing; name what is promised, or leave it out for all of it.")
        return found


def close_as_said(ledger: Ledger, row: CallTaskRow, result: CallResult, number: int, at: datetime) -> None:
    """A wrong number is closed to calls and texts, for whoever has it; who wants no calls gets none anywhere."""
    if result is CallResult.OPTED_OUT:
        _closed(ledger, row, PHONE, events.ContactResult.OPTED_OUT, number, at)
    if result is CallResult.WRONG_NUMBER:
        for channel, field in FIELDS.items():
            if field == FIELDS[PHONE]:
                _closed(ledger, row, channel, events.ContactResult.INVALID_ADDRESS, number, at)


def _closed(
    ledger: Ledger, row: CallTaskRow, channel: Channel, result: events.ContactResult, number: int, at: datetime
) -> None:
    ledger.close_channel(
        Closure(
            customer_id=row.customer_id,
            channel=channel,
            address=ledger.call_place(row.call_id, number),
            why=result.words,
            wish=result in events.WISHES,
            event_id=_event_id(row, number),
            at=at,
            source=Source.REPORT,
        )
    )


def _event_id(row: CallTaskRow, number: int) -> str:
    return f"{row.call_id}-{number}"


def _ask_promise(row: CallTaskRow, on: date, moment: datetime) -> None:
    today = local(moment, row.zones[0]).date()
    if not today <= on <= today + LONGEST_PROMISE:
        raise WrongRequest(f"on: name a day from today ({today}) to {today + LONGEST_PROMISE}.")
