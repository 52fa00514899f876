"""A rule's answer to one act at one moment: allow, postpone until, or refuse; with the rule and its edition."""

from collections.abc import Iterable
from datetime import datetime

from domain.base import Message


class Allow(Message):
    """Nothing stands in the way."""


class Postpone(Message):
    """Not now: the act stays to be done at `until` (UTC)."""

    until: datetime
    why: str  # one sentence
    rule: str | None = None  # the rule with its edition: "visa-20-in-30-days@2026-04-18"


class Refuse(Message):
    """Not as things stand. Only a new fact can change it, never time."""

    why: str  # one sentence
    rule: str | None = None


class Stopped(Message):
    """What an activity found in the way, read a moment before it would have acted: nothing was done."""

    why: str  # one sentence
    rule: str | None = None
    until: datetime | None = None  # UTC; None: it is refused, not put off


Answer = Allow | Postpone | Refuse

ALLOW = Allow()


def stop(answer: Answer) -> Stopped | None:
    """The answer as an activity reports it; None when nothing stands in the way."""
    match answer:
        case Postpone():
            return Stopped(why=answer.why, rule=answer.rule, until=answer.until)
        case Refuse():
            return Stopped(why=answer.why, rule=answer.rule)
    return None


def strictest(answers: Iterable[Answer]) -> Answer:
    """What several gates say together: the first refusal, else the latest postponement, else allow."""
    latest: Answer = ALLOW
    for answer in answers:
        if isinstance(answer, Refuse):
            return answer
        if isinstance(answer, Postpone) and not (isinstance(latest, Postpone) and latest.until >= answer.until):
            latest = answer
    return latest
