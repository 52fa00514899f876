"""What lies ahead of a case as things stand: for operators, who decide nothing by it."""

from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from domain.case import Case, Circumstances
from domain.changes import release, tick
from domain.ending import deadline
from domain.gates import Postpone, Refuse
from domain.holds import goes_on_at
from domain.policy import Policy
from domain.situation import Situation
from domain.steps import Step


class Planned(NamedTuple):
    """One step that lies ahead."""

    at: datetime  # UTC
    title: str
    why: str
    done: bool = True  # False: as things stand it is left out, and `why` says why


def plan(case: Case, policy: Policy, circumstances: Circumstances, at: datetime) -> list[Planned]:
    """Every step that is still to be done, in the order of their dates, each with its reason.

    Of a case on hold: as it will be once it goes on, at the end of its holds, or at once where that is not known.
    """
    if case.closed:
        return []
    now = released(Situation(tick(case, at), policy, circumstances, at))
    return sorted([*(_planned(now, step) for step in now.steps), *_end_with_agency(now)], key=attrgetter("at"))


def released(now: Situation) -> Situation:
    """The situation without the case's holds, at the moment at which it goes on; the same when it has none."""
    case = now.case
    if not case.holds:
        return now
    at = goes_on_at(case) or now.at
    free = release(case, {hold.reason for hold in case.holds}, at)
    return Situation(free, now.policy, now.circumstances, at)


def _planned(now: Situation, step: Step) -> Planned:
    answer = now.ask(step)
    if isinstance(answer, Refuse):
        return Planned(step.due, step.title, answer.why, done=False)
    put_off = now.not_before(step)
    at = step.opens(now, max(step.due, put_off)) if put_off else step.due
    said = answer.why if isinstance(answer, Postpone) else step.why_later(now, at) or step.why(now)
    return Planned(at, step.title, said)


def _end_with_agency(now: Situation) -> Iterator[Planned]:
    ends = None if now.end else deadline(now.case, now.policy)
    if ends:
        yield Planned(ends, "end of the agency's time", "what is still due then stays with the agency")
