"""What a case makes of a call that was made."""

from datetime import date, datetime, time, timedelta

from domain import events
from domain.addresses import FIELDS
from domain.calendar import at_local
from domain.calls import CallResult
from domain.case import Case, Hold, HoldReason
from domain.changes import changed, close_channel, hold, said
from domain.record import Entry
from domain.steps import Channel

_DAY = timedelta(days=1)
_PAUSE = HoldReason.OPERATOR_PAUSE


def call_reported(case: Case, fact: events.CallReported, at: datetime) -> Case:
    """A promise holds the case until its day is over, as an operator's pause does; who wants no calls gets none, and
    a wrong number gets neither calls nor texts. What was said of a payment moves nothing: only the money does."""
    what = f"call: {fact.result.words}"
    match fact.result:
        case CallResult.PROMISE if fact.on:
            return _promised(case, fact, fact.on, at)
        case CallResult.PAY_LINK if not case.closing:
            case = changed(case, link_asked_at=at)
        case CallResult.OPTED_OUT:
            case = close_channel(case, Channel.PHONE, events.ContactResult.OPTED_OUT.words)
        case CallResult.WRONG_NUMBER:
            for channel, field in FIELDS.items():
                if field == FIELDS[Channel.PHONE]:
                    case = close_channel(case, channel, events.ContactResult.INVALID_ADDRESS.words)
    return said(case, Entry(at=at, step=fact.event_id, what=what, why=fact.step))


def _promised(case: Case, fact: events.CallReported, day: date, at: datetime) -> Case:
    amount = f"{fact.amount} " if fact.amount else ""
    note, until = f"the customer promised to pay {amount}by {day}", at_local(day + _DAY, time.min, case.zone)

    def told(why: str) -> Case:
        return said(case, Entry(at=at, step=fact.event_id, what="call: promise", why=why))

    if case.closing:
        return told(f"{note}; the case has ended")
    if until <= at:
        return told(f"{note}; that day is over")
    if any(one.reason is _PAUSE for one in case.holds):
        return told(f"{note}; it stands still already")
    return hold(told(note), Hold(reason=_PAUSE, since=at, until=until, note=note), at, fact.event_id)
