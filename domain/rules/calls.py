"""Whether somebody may be called now: asked when a call is put into the queue, and again when a person takes it."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.calendar import local
from domain.call_hours import wanted
from domain.calls import CallWindow
from domain.gates import ALLOW, Answer, Postpone, Refuse, strictest
from domain.holds import said
from domain.kinds.handoff import begun_handoff
from domain.rules.contacts import ContactCaps
from domain.rules.invoice import Aim, judge_now
from domain.rules.lawful_caps import lawful_caps
from domain.rules.lawful_pauses import lawful_pauses
from domain.rules.lost_handoffs import RULE, WHY
from domain.rules.protection import ask_protected
from domain.steps import Channel

if TYPE_CHECKING:
    from domain.invoice import InvoiceNow
    from domain.situation import Situation

PHONE = Channel.PHONE
STATED_HOURS = "stated-hours"
"""The rule by which nobody is called outside the hours that they have stated."""
_LOOK = timedelta(days=14)
"""So far ahead an hour is looked for in which the customer wants to be called: no task is good for longer."""
_INSTANT = timedelta(microseconds=1)


def ask_call(now: "Situation", invoice: "InvoiceNow", named: datetime | None = None) -> Answer:
    """By all that is known of case, person and place at `now.at`; `invoice`: as it was read a moment before; `named`:
    the moment at which the customer asked to be called back. How often the person was contacted is asked by
    `call_caps`, in the transaction that takes the task."""
    known = ask_known(now, named)
    return known if isinstance(known, Refuse) else strictest((judge_now(invoice, Aim.SAY, now.at), known))


def ask_known(now: "Situation", named: datetime | None = None) -> Answer:
    """The same before the invoice is read."""
    case = now.case
    if case.closed or case.closing:
        outcome = case.closing.outcome.value if case.closing else "over"
        return Refuse(why=f"the case has ended ({outcome})", rule="case-ended")
    if case.handoff:
        return Refuse(why="the case is with an agency", rule=RULE)
    if begun_handoff(case):
        return Refuse(why=WHY, rule=RULE)
    protected = ask_protected(now.circumstances.protections, Aim.SAY, now.at)
    if isinstance(protected, Postpone):
        return Refuse(why=protected.why, rule=protected.rule)  # a human ends it, no time
    if case.holds:
        return Refuse(why=f"the case is {said(case)}", rule="case-on-hold")
    if why := now.closed_channels.get(PHONE):
        return Refuse(why=f"nobody is called: {why}", rule="channel-closed")
    return ask_hours(now, named)


def ask_hours(now: "Situation", named: datetime | None = None) -> Answer:
    """Whether it is an hour in which policy and law let the customer be called, and in which they want it."""
    opens = now.schedule.hours(PHONE).next_allowed(now.at, now.zones, now.circumstances.holidays)
    unwanted = now.circumstances.call_hours and not call_windows(now, now.at, now.at + _INSTANT, named)
    if opens <= now.at and not unwanted:
        return ALLOW
    why, rule = "it is no hour in which the customer wants to be called", STATED_HOURS
    if opens > now.at:
        why, lawful = now.schedule.why_closed(now.at, PHONE)
        rule = lawful or f"hours@{now.case.policy}"
    until = next_call(now, max(opens, now.at), named)
    if until is None:
        return Refuse(why=no_hour(_LOOK.days), rule=STATED_HOURS)
    return Postpone(until=until, why=why, rule=rule)


def no_hour(days: int) -> str:
    """What the hours are is the person's, and stands in no history."""
    within = f"{days} days" if days > 1 else "a day"
    return f"law and policy allow no call within {within} in the hours in which the customer wants to be called"


def next_call(now: "Situation", since: datetime, named: datetime | None = None) -> datetime | None:
    """The first moment from `since` on at which the customer may be called; None: they want none of those that there
    are within two weeks."""
    if not now.circumstances.call_hours:
        return now.schedule.hours(PHONE).next_allowed(since, now.zones, now.circumstances.holidays)
    return next((window.start for window in call_windows(now, since, since + _LOOK, named)), None)


def call_closes(now: "Situation", at: datetime, named: datetime | None = None) -> datetime:
    """When the hours for calls that a moment falls into are over; the moment itself, if it falls into none."""
    if not now.circumstances.call_hours:
        return now.schedule.closes_at(at, PHONE)
    window = next(iter(call_windows(now, at, at + _LOOK, named)), None)
    return window.end if window and window.start <= at else at


def call_caps(now: "Situation", until: datetime) -> ContactCaps:
    """What of the person's other contacts counts, calls and messages alike; `until`: then the task is over."""
    wanted, law = now.policy.contacts, now.schedule.law
    return ContactCaps(
        per_week=wanted.per_week,
        distance=wanted.distance,
        policy=str(now.case.policy),
        patient_until=until,
        lawful=lawful_caps(law, PHONE, now.zones, now.at) if law.rules else (),
        pauses=lawful_pauses(law, PHONE, local(now.at, now.zones[0]).date()) if law.rules else (),
    )


def call_windows(
    now: "Situation", since: datetime, until: datetime, named: datetime | None = None
) -> tuple[CallWindow, ...]:
    """The hours between two moments in which the customer may be called, and wants to be."""
    windows, stated = lawful_windows(now, since, until), now.circumstances.call_hours
    return wanted(windows, stated, now.zones, named) if stated else windows


def lawful_windows(now: "Situation", since: datetime, until: datetime) -> tuple[CallWindow, ...]:
    """The hours between two moments in which law and policy let the customer be called."""
    found = now.schedule.hours(PHONE).between(since, until, now.zones, now.circumstances.holidays)
    return tuple(CallWindow(start=start, end=end) for start, end in found)
