"""When a notice before a renewal may go out: by the policy's hours and caps, and by the law of the place."""

from datetime import date, datetime

from domain.calendar import Hours, at_local, local
from domain.gates import ALLOW, Answer, Postpone
from domain.policy import Policy
from domain.rules.contacts import ContactCaps
from domain.rules.lawful_caps import lawful_caps
from domain.rules.lawful_pauses import lawful_pauses
from domain.rules.local_law import HoursHere, LocalLaw
from domain.steps import Channel


def notice_time(since: datetime, policy: Policy, zone: str) -> datetime:
    """The policy's time of day on the customer's day of `since`."""
    return at_local(local(since, zone).date(), policy.time_of_day, zone)


def ask_hours(
    policy: Policy, law: LocalLaw, channel: Channel, zones: tuple[str, ...], holidays: frozenset[date], at: datetime
) -> Answer:
    """Whether the moment is within the contact hours."""
    own = policy.contacts.hours
    hours: Hours = law.hours_for(own, channel) or own
    until = hours.next_allowed(at, zones, holidays)
    if until <= at:
        return ALLOW
    rule = hours.rule(at, zones, holidays) if isinstance(hours, HoursHere) else None
    return Postpone(until=until, why=hours.refusal(at, zones, holidays) or "outside the contact hours", rule=rule)


def notice_caps(
    policy: Policy, law: LocalLaw, channel: Channel, zones: tuple[str, ...], at: datetime, until: datetime
) -> ContactCaps:
    """What of the person's other contacts counts; `until`: after that it is too late to be said."""
    wanted = policy.contacts
    return ContactCaps(
        per_week=wanted.per_week,
        distance=wanted.distance,
        policy=f"{policy.name}@{policy.version}",
        patient_until=until,
        lawful=lawful_caps(law, channel, zones, at) if law.rules else (),
        pauses=lawful_pauses(law, channel, local(at, zones[0]).date()) if law.rules else (),
    )
