"""What messages said, and whether it stayed true for as long as it was said to hold: asked of a life at its end.

A mail may be opened at any time after it was sent. A day that it names ("we try again on 4 May", "your access is
limited from 9 May", "your subscription ends on 20 May") has to be kept on that day, and nothing of the kind may come
sooner; what it names no day for may not come before a later message has named it. Which sentences it has, the real
wording says.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.calendar import local
from domain.case import Case
from domain.decisions import Effect
from domain.kinds.access import AccessStep, standing_access, strictest
from domain.kinds.cancellation import CancelStep
from domain.kinds.charge import ChargeResult, ChargeStep
from domain.kinds.handoff import HandoffStep
from domain.kinds.message import ContactTask
from domain.kinds.write_off import WriteOffStep
from domain.known import Known
from domain.steps import AttemptKind
from domain.truth import MessageFacts
from domain.wording import wording
from tests.domain.builders import sending


class About(StrEnum):
    """What messages name days for."""

    TRY = "try"
    LIMIT = "limit"
    END = "end"


_NAMED = {About.TRY: "next_charge_on", About.LIMIT: "restricts_on", About.END: "ends_on"}
_ALL = frozenset(About)
_ENDS = (CancelStep, HandoffStep, WriteOffStep)


_READ = sending(has_method=True)
"""What is read when it is sent: no day depends on it."""


class Changed(StrEnum):
    """What may make untrue what a message said, since it happened after it was sent. There is nothing else."""

    TOLD = "the customer, the bank or a clerk did something of which the case was told"
    MOVED = "the customer moved to a place with other hours and other law"
    PROTECTED = "a protection of the person began or ended"
    HELD = "the case stood still, for whatever somebody did"
    SILENT = "a provider did not answer, or had no answer that counts"
    LEFT_OUT = "another invoice, a cap or a ceiling took the place, or the message did not arrive"
    ANSWERED = "the bank answered that only the customer can pay: who is to be restricted is told of it first"


@dataclass(frozen=True)
class Told:
    """One message that certainly went out."""

    at: datetime
    step: str
    days: dict[About, date]  # of what its sentences name


@dataclass
class Account:
    """What was said and done in one life, in the order in which it happened."""

    zone: str
    told: list[Told] = field(default_factory=list)
    done: list[tuple[datetime, About, str]] = field(default_factory=list)  # (when, what, step)
    changes: list[tuple[datetime, frozenset[About], Changed]] = field(default_factory=list)

    def says(self, at: datetime, task: ContactTask) -> None:
        """A message went out."""
        self.told.append(Told(at, task.step, days_of(task)))

    def calls(self, at: datetime, step: str, facts: MessageFacts) -> None:
        """Somebody called, and said what the script has by the same judgement (`gateways/call_scripts.py`)."""
        self.told.append(Told(at, step, _named_in_a_call(facts)))

    def does(self, at: datetime, case: Case, effect: Effect, result: object) -> None:
        """A step was done, whatever came of it; `case` is as it was before."""
        if about := _about(case, effect, result):
            self.done.append((at, about, effect.step.key))

    def changed(self, at: datetime, why: Changed, about: frozenset[About] = _ALL) -> None:
        """Something happened for which nobody who wrote before could be blamed."""
        self.changes.append((at, about, why))


def days_of(task: ContactTask) -> dict[About, date]:
    """The days that the sentences of a message name."""
    said = wording(task.facts, _READ, task.channel).sentences
    named = {name: value for sentence in said for name, value in sentence.values.items()}
    return {about: day for about, name in _NAMED.items() if isinstance(day := named.get(name), date)}


def _named_in_a_call(facts: MessageFacts) -> dict[About, date]:
    judge = Known(facts=facts, at=_READ)
    limited = judge.will_be_restricted() or judge.will_be_tightened()
    named = {
        About.TRY: facts.next_charge_on if judge.charge_is_planned() else None,
        About.LIMIT: facts.restricts_on if limited else None,
    }
    return {about: day for about, day in named.items() if day}


def _about(case: Case, effect: Effect, result: object) -> About | None:
    step = effect.step
    match step:
        case ChargeStep():
            made = isinstance(result, ChargeResult) and result.postponed is None
            return About.TRY if made and step.attempt_kind is not AttemptKind.OTHER_METHOD else None
        case AccessStep():
            before = standing_access(case)
            return About.LIMIT if strictest((step.access, before)) is not before else None
    return About.END if isinstance(step, _ENDS) else None


def untrue(account: Account, until: datetime) -> Iterator[str]:
    """Every sentence that somebody could have read when it was false, one line each. `until`: when the life ended."""
    for place, told in enumerate(account.told):
        for about in About:
            said = told.days.get(about)
            first = next((done for done in account.done if done[1] is about and done[0] >= told.at), None)
            by = first[0] if first else until
            wrong = None
            if said is None:
                later = any(about in other.days and other.at <= by for other in account.told[place + 1 :])
                if first and not later and about is not About.END:
                    wrong = f"names none, and {first[2]} came on {_day(account, by)}"
            elif first is None:
                wrong = f"names {said}, and none came" if _day(account, until) > said else None
            elif _day(account, by) != said:
                wrong = f"names {said}, and {first[2]} came on {_day(account, by)}"
            if wrong and not _excused(account, about, told.at, by):
                yield f"{told.step} on {_day(account, told.at)}, {about}: {wrong}"


def _excused(account: Account, about: About, since: datetime, by: datetime) -> bool:
    return any(since <= at <= by and about in concerned for at, concerned, _ in account.changes)


def _day(account: Account, at: datetime) -> date:
    return local(at, account.zone).date()
