"""Whether somebody may be called now: asked when a call is put into the queue, and again when a person takes it."""

from datetime import datetime
from typing import TYPE_CHECKING

from domain.calendar import local
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


def ask_call(now: "Situation", invoice: "InvoiceNow") -> Answer:
    """By all that is known of case, person and place at `now.at`; `invoice`: as it was read a moment before. How often
    the person was contacted is asked by `call_caps`, in the transaction that takes the task."""
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
    judged = judge_now(invoice, Aim.SAY, now.at)
    if why := now.closed_channels.get(PHONE):
        return Refuse(why=f"nobody is called: {why}", rule="channel-closed")
    return strictest((judged, ask_hours(now)))


def ask_hours(now: "Situation") -> Answer:
    """Whether it is an hour in which policy and law let the customer be called."""
    opens = now.schedule.hours(PHONE).next_allowed(now.at, now.zones, now.circumstances.holidays)
    if opens <= now.at:
        return ALLOW
    why, rule = now.schedule.why_closed(now.at, PHONE)
    return Postpone(until=opens, why=why, rule=rule or f"hours@{now.case.policy}")


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


def call_windows(now: "Situation", since: datetime, until: datetime) -> tuple[CallWindow, ...]:
    """The hours between two moments in which the customer may be called."""
    hours = now.schedule.hours(PHONE)
    found = hours.between(since, until, now.zones, now.circumstances.holidays)
    return tuple(CallWindow(start=start, end=end) for start, end in found)
