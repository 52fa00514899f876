"""A life lived ahead: what a case does from a moment on, if things go as a world answers them.

The decisions are those of `domain/life.py`, one after another, as a worker takes them; nothing is sent or charged.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from domain import life
from domain.base import Message
from domain.case import Case, Circumstances
from domain.decisions import Act, Close, Decision, Effect, Wait
from domain.gates import Postpone
from domain.kinds.message import MessageStep
from domain.policy import Policy
from domain.situation import Situation

_MOST_DECISIONS = 2_000
"""More than the longest policy takes: beyond it something goes round in a circle."""
_SECOND = timedelta(seconds=1)


class Answered(NamedTuple):
    """What became of an effect."""

    result: Any  # in the type that its step names (`Step.result_type`)
    rule: str | None = None  # the rule that refused it, if one did
    follows: "tuple[News, ...]" = ()  # what the case hears because of it


class News(NamedTuple):
    """A fact that the case is told of by its name (`domain/telling.py`)."""

    at: datetime  # UTC
    name: str
    fact: Message
    title: str = ""  # in a calendar; "": it is not worth a line


class World(Protocol):
    """What the case finds, and what answers it."""

    def circumstances(self, case: Case, at: datetime) -> Circumstances:
        """As they are at a moment (UTC)."""

    def answer(self, case: Case, effect: Effect, at: datetime) -> Answered:
        """What becomes of an effect."""


class What(StrEnum):
    """What happens to a step."""

    DONE = "done"
    POSTPONED = "postponed"
    LEFT_OUT = "left out"
    CLOSED = "closed"  # the case is over
    HEARD = "heard"  # the case was told of it
    WAITS = "waits"  # for somebody or something, without an end that is known


class Happening(NamedTuple):
    """One thing that happens, or does not."""

    at: datetime  # UTC
    what: What
    title: str
    why: str
    rule: str | None = None  # with its edition, where a rule postpones or forbids it
    until: datetime | None = None  # POSTPONED: until when
    effect: Effect | None = None  # DONE: what was done
    result: Any = None  # DONE: what came of it
    key: str = ""  # of the step


def live_ahead(
    case: Case, policy: Policy, world: World, at: datetime, news: Sequence[News] = ()
) -> Iterator[Happening]:
    """What happens from `at` on, in its order, until the case is over or waits for something that nobody here does.

    `news`: what the case hears on its way, oldest first.
    """
    left, known = list(news), set[tuple[str, datetime]]()
    for _ in range(_MOST_DECISIONS):
        while left and left[0].at <= at:
            heard = left.pop(0)
            case = life.hear(case, heard.name, heard.fact, at)
            if heard.title:
                yield Happening(at, What.HEARD, heard.title, "")
        circumstances = world.circumstances(case, at)
        ruling = life.decide(case, policy, circumstances, at)
        decision, case = ruling.decided.decision, ruling.case
        for one in (*_moved(Situation(case, policy, circumstances, at), decision), *_set_aside(decision, at)):
            # A step that waits is put off at each decision anew.
            if one.until is None or (one.key, one.until) not in known:
                yield one
            known |= {(one.key, one.until)} if one.until else set()
        match decision:
            case Close():
                yield Happening(at, What.CLOSED, f"closed as {decision.outcome.value.replace('_', ' ')}", decision.why)
                return
            case Act():
                for effect in decision.effects:
                    answered = world.answer(case, effect, at)
                    yield _done(effect, answered, at)
                    case = life.book(case, effect, answered.result, at + _SECOND)
                    left = sorted([*left, *answered.follows], key=attrgetter("at"))
                at += _SECOND
            case Wait():
                wakes = [when for when in (decision.until, left[0].at if left else None) if when]
                if not wakes:
                    yield Happening(at, What.WAITS, "waits until told otherwise", decision.why)
                    return
                at = max(min(wakes), at + _SECOND)
    raise RuntimeError("the case comes to no end")


def _done(effect: Effect, answered: Answered, at: datetime) -> Happening:
    step, result = effect.step, answered.result
    if isinstance(later := getattr(result, "postponed", None), Postpone):
        return Happening(at, What.POSTPONED, step.title, later.why, later.rule, later.until, key=step.key)
    if getattr(result, "outcome", getattr(result, "state", None)) in ("refused", "unreachable"):
        return Happening(at, What.LEFT_OUT, step.title, result.why, answered.rule, key=step.key)
    return Happening(at, What.DONE, step.title, effect.why, effect=effect, result=result, key=step.key)


def _set_aside(decision: Decision, at: datetime) -> Iterator[Happening]:
    for skip in decision.skips:
        # It is noticed when the case looks next, which may be days after its time.
        yield Happening(min(skip.step.due, at), What.LEFT_OUT, skip.step.title, skip.why, skip.rule, key=skip.step.key)
    for put_off in decision.put_off:
        key, until = put_off.step.key, put_off.until
        yield Happening(at, What.POSTPONED, put_off.step.title, put_off.why, put_off.rule, until, key=key)


def _moved(now: Situation, decision: Decision) -> Iterator[Happening]:
    """Messages that were planned for an hour or a day on which nobody may be contacted: planned anew, not put off."""
    steps = [effect.step for effect in decision.effects] if isinstance(decision, Act) else []
    for step in steps:
        if not isinstance(step, MessageStep):
            continue
        opens = now.contact_from(step.day, step.planned, step.channel)
        if step.planned < opens:
            why, rule = now.schedule.why_closed(step.planned, step.channel)
            by = rule or f"hours@{now.case.policy}"
            yield Happening(step.planned, What.POSTPONED, step.title, why, by, opens, key=step.key)
