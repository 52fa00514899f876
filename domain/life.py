"""How a case lives: the few functions by which workflow, tests and simulation move it from one state to the next.

`decide` asks the planner; `after` is the case once a decision is taken; `hear` takes in what it is told; `book` and
`unanswered` what became of an effect. Pure, all of them.
"""

from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from pydantic import Field

from domain import changes
from domain.base import Message, unchecked
from domain.calendar import minute
from domain.case import Case, Circumstances, Closing, StepState
from domain.closing_messages import occasion_of
from domain.decisions import Act, Close, Decision, Effect, PutOff, Skip, Wait
from domain.events import Order
from domain.gates import Refuse
from domain.orders import ask_version
from domain.outgoing import CaseClosed, StepPostponed, StepSkipped
from domain.person import protected
from domain.plan import released
from domain.planner import next_step
from domain.policy import Policy
from domain.projection import Projection, projection_of, searchable
from domain.protection import Protected
from domain.record import POSTPONED, Entry, new_entry
from domain.situation import NEXT, Situation
from domain.steps import Channel, Step
from domain.telling import FACTS, ORDERS

_DUE = attrgetter("due")


class Ahead(Message):
    """A step that lies ahead as things stand."""

    at: datetime
    title: str


new_ahead = unchecked(Ahead)


class Decided(Message):
    """A decision as it goes on record, with all that anybody is shown of it."""

    at: datetime  # UTC, the case's time for which it was taken
    decision: Decision
    searchable: dict[str, str | int] = Field(default_factory=dict)  # in Temporal; times in seconds since 1970
    ahead: tuple[Ahead, ...] = ()  # what comes unless something happens
    closed_channels: dict[Channel, str] = Field(default_factory=dict)  # to this customer, whichever case was told
    protections: tuple[Protected, ...] = ()  # what protected the person then
    occasion: str | None = None  # what is left to do towards the customer may begin (domain/closing_messages.py)


new_decided = unchecked(Decided)


class Ruling(NamedTuple):
    """What `decide` gives its caller: the decision, and what the ledger keeps of it."""

    decided: Decided
    case: Case  # as it is once the decision is taken
    entries: tuple[Entry, ...]  # for the record
    projection: Projection


def decide(case: Case, policy: Policy, circumstances: Circumstances, at: datetime) -> Ruling:
    """Decides what the case does at `at`: wait, act or close."""
    protections = circumstances.protections
    now = Situation(protected(changes.tick(case, at), protections, at), policy, circumstances, at)
    decision = next_step(now)
    then, entries = after(case, decision, at, protections)
    occasion = occasion_of(then, policy, decision)
    then = _named(then, occasion)
    projection = projection_of(then, decision)
    decided = new_decided(
        at=at,
        decision=decision,
        # What a case is searched by is brought up to date when it comes to rest.
        searchable=searchable(then, projection) if decision.does != "act" else {},
        ahead=_ahead(now) if decision.does == "wait" else (),
        closed_channels=now.closed_channels,
        protections=protections,
        occasion=occasion,
    )
    written = (*then.unwritten, *entries)
    kept = then.but(unwritten=()) if then.unwritten else then
    return Ruling(decided, kept, written, projection)


def after(
    case: Case, decision: Wait | Act | Close, at: datetime, protections: tuple[Protected, ...] = ()
) -> tuple[Case, tuple[Entry, ...]]:
    """The case once the decision is taken, and the entries that the ledger gets with it.

    A payment that came while the end was decided is not overlooked: such a case decides anew.
    """
    entries: list[Entry] = []
    if case.holds or protections:
        ticked = protected(changes.tick(case, at), protections, at)
        entries += ticked.unwritten[len(case.unwritten) :]
        case = ticked.but(unwritten=case.unwritten) if entries else ticked

    def recorded(case: Case, entry: Entry) -> Case:
        entries.append(entry)
        return changes.shown(case, entry)

    for skip in decision.skips:
        known = case.unfinished.get(skip.step.key)
        unsure = known is not None and known.tried
        case = changes.ended(case, skip.step, StepState.SKIPPED, at, skip.why, unsure=unsure)
        case = recorded(case, _skipped(skip, at))
    for put_off in decision.put_off:
        key = put_off.step.key
        if case.put_off.get(key) != put_off.until:
            case = recorded(case.but(put_off={**case.put_off, key: put_off.until}), _put_off(put_off, at))
    match decision.does:
        case "wait":
            until = f"until {minute(decision.until)}" if decision.until else "until told otherwise"
            if case.waits_for != (waits := f"{until}: {decision.why}"):
                key = decision.step.key if decision.step else "hold"
                entries.append(new_entry(at=at, step=key, what=f"waits {until}", why=decision.why))
                case = changes.changed(case, waits_for=waits)
            if case.upcoming != decision.step:
                case = changes.changed(case, upcoming=decision.step)
            if decision.hold:
                case = changes.asked_about_the_end(case, decision.hold, at)
        case "act" if case.upcoming:
            case = changes.changed(case, upcoming=None)  # what is being done can be skipped no more
        case "close" if not case.closed and (case.closing is None or case.closing.outcome is decision.outcome):
            closing = case.closing or Closing(outcome=decision.outcome, why=decision.why, at=at)
            what = f"closed as {decision.outcome.value}"
            event = CaseClosed(outcome=decision.outcome)
            case = recorded(case, new_entry(at=at, step=changes.END, what=what, why=decision.why, event=event))
            case = changes.changed(case, closing=closing, closed=True)
    return case, tuple(entries)


def settled(case: Case, asked: Case, decided: Decided) -> Case:
    """The case once a decision about it is on record; `asked` is the case as it was when the decision was asked for.

    What the case was told in between is not in the ledger yet.
    """
    news = case.unwritten[len(asked.unwritten) :]
    case = after(case, decided.decision, decided.at, decided.protections)[0]
    return changes.changed(_named(case, decided.occasion), unwritten=news)


def _named(case: Case, occasion: str | None) -> Case:
    """The case that has named an occasion, and does not name it again."""
    return changes.changed(case, occasions=(*case.occasions, occasion)) if occasion else case


def hear(case: Case, name: str, message: Message, at: datetime) -> Case:
    """Takes in a fact or an order; a fact that was heard before changes nothing. Raises ValueError for a refusal."""
    if telling := FACTS.get(name):
        fresh = changes.once(case, str(getattr(message, "event_id", "")))  # every fact has one
        return telling.take(fresh, message, at) if fresh else case
    if isinstance(message, Order) and (refusal := refused(case, name, message, at)):
        raise ValueError(refusal.why)
    return carry_out(case, name, message, at)


def refused(case: Case, name: str, order: Order, at: datetime) -> Refuse | None:
    """Why an order cannot be carried out now, or None when it can."""
    answer = ask_version(case, order)
    answer = answer if isinstance(answer, Refuse) else ORDERS[name].ask(case, order, at)
    return answer if isinstance(answer, Refuse) else None


def carry_out(case: Case, name: str, order: Message, at: datetime) -> Case:
    """Carries out an order that was not refused."""
    return ORDERS[name].take(case, order, at)


def book(case: Case, effect: Effect, result: Any, at: datetime) -> Case:
    """The case after an effect's answer."""
    return effect.step.book(case, effect.task, result, at)


def unanswered(case: Case, effect: Effect, at: datetime, trouble: str = "") -> Case:
    """The case when nobody knows what became of an effect, and its provider did not answer in time.

    `trouble` is the provider's last answer, or what kept it from answering.
    """
    why = trouble or "the provider did not answer in time"
    return changes.unanswered(effect.step.lost(case), effect.step, why, at)


def interrupted(case: Case, effect: Effect) -> Case:
    """The case when an effect was given up because something else came in between."""
    return effect.step.lost(case)


def not_understood(case: Case, why: str, at: datetime) -> Case:
    """The case that was told something that it cannot read or carry out."""
    return changes.said(case, new_entry(at=at, step="signal", what="malformed", why=why))


def _skipped(skip: Skip, at: datetime) -> Entry:
    event = StepSkipped(kind=skip.step.kind)
    return new_entry(at=at, step=skip.step.key, what="skipped", why=skip.why, rule=skip.rule, event=event)


def _put_off(put_off: PutOff, at: datetime) -> Entry:
    what = f"{put_off.step.title}{POSTPONED}{minute(put_off.until)}"
    event = StepPostponed(kind=put_off.step.kind, until=put_off.until)
    return new_entry(at=at, step=put_off.step.key, what=what, why=put_off.why, rule=put_off.rule, event=event)


def _ahead(now: Situation) -> tuple[Ahead, ...]:
    if now.end or now.case.handoff:
        return ()
    now = released(now)
    steps = sorted(now.possible_next, key=_DUE)[:NEXT]
    if (later_from := now.later_from) and (len(steps) < NEXT or steps[-1].due >= later_from):
        steps = sorted(now.possible, key=_DUE)[:NEXT]
    return tuple([_shown(now, step) for step in steps])


def _shown(now: Situation, step: Step) -> Ahead:
    known = now.schedule.shown.get(step.key)
    if known is None or known[0] is not step:
        known = now.schedule.shown[step.key] = step, new_ahead(at=step.due, title=step.title)
    return known[1]
