"""What a case does next: one pure function from the case and the time to a decision with its reason."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from domain.base import Frozen
from domain.calendar import local
from domain.case import Case, Handoff, HoldReason, Outcome, StepRecord, StepState
from domain.policy import CatchUp
from domain.reasons import why_act, why_blocked, why_wait
from domain.steps import HANDOFF_AGAIN, RECALL_SECOND, Access, AttemptKind, Stage, Step, StepKind
from domain.timeline import allowed_from, escalated, is_end, pending


class Skip(Frozen):
    """A step that will not be done, and why. It is recorded: no step vanishes silently."""

    step: Step
    why: str


class Wait(Frozen):
    """Nothing to do before `until` (UTC); None: until the case is told something."""

    until: datetime | None
    why: str
    step: Step | None = None  # what happens then
    skips: tuple[Skip, ...] = ()


class Act(Frozen):
    """Do this step now."""

    step: Step
    why: str
    skips: tuple[Skip, ...] = ()


class Close(Frozen):
    """The case is over."""

    outcome: Outcome
    why: str
    skips: tuple[Skip, ...] = ()


Decision = Wait | Act | Close


def next_step(case: Case, now: datetime) -> Decision:
    """Decides. `now` is the workflow's time (UTC). Asked again with the same arguments it answers the same."""
    if any(h.reason is HoldReason.OPERATOR_NEEDED for h in case.holds) or (case.holds and not case.closing):
        return _held(case)
    if case.closing:
        return _patiently(case, _ending(case, case.closing.outcome, case.closing.why, now), now)
    if case.handoff:
        return _patiently(case, _with_agency(case, case.handoff, now), now)
    if escalated(case):
        return Close(outcome=Outcome.WRITTEN_OFF, why="the announced end came; too small for collections")
    steps = pending(case, now)
    if skips := tuple(_skips(case, steps, now)):
        # What is left out can change the dates of what is left: the decision is that of the case without it.
        decision = next_step(_without(case, skips, now), now)
        return decision.model_copy(update={"skips": (*skips, *decision.skips)})
    possible = [step for step in steps if not why_blocked(case, step)]
    known: dict[str, datetime] = {}
    for step in possible:
        if _wake(case, step, possible, now, known) <= now:
            return Act(step=step, why=why_act(case, step), skips=_cut_off(case, step, steps))
    upcoming = [(_wake(case, step, possible, now, known), step) for step in possible]
    until, step = min(upcoming, key=lambda pair: pair[0])
    return Wait(until=until, why=why_wait(case, step, until), step=step)


def _without(case: Case, skips: tuple[Skip, ...], now: datetime) -> Case:
    records = {skip.step.key: StepRecord(state=StepState.SKIPPED, at=now, note=skip.why) for skip in skips}
    return case.model_copy(update={"steps": {**case.steps, **records}})


def _cut_off(case: Case, step: Step, steps: list[Step]) -> tuple[Skip, ...]:
    """What the end of the timeline leaves undone: a try that the network put off, a message without a channel."""
    if not is_end(case, step):
        return ()
    return tuple(Skip(step=s, why="the case ended before it could be done") for s in steps if s.key != step.key)


def _wake(case: Case, step: Step, steps: list[Step], now: datetime, known: dict[str, datetime]) -> datetime:
    """When this step can be done: its due time, or later when it is overdue in the middle of the night.

    `known` remembers the answers of one decision: a step is asked about once by each step that waits for it.
    """
    if step.key not in known:
        known[step.key] = _reckoned(case, step, steps, now, known)
    return known[step.key]


def _reckoned(case: Case, step: Step, steps: list[Step], now: datetime, known: dict[str, datetime]) -> datetime:
    at = max(step.due, now)
    if step.key in case.postponed:
        at = max(at, case.postponed[step.key].until)
    if step.kind is StepKind.REMIND:
        return allowed_from(case, step, at)
    if step.kind in (StepKind.RESTRICT, StepKind.CANCEL_SUBSCRIPTION):
        # A message of that day or before goes first, even when the night or a holiday keeps it waiting.
        first = [s for s in steps if s.kind is StepKind.REMIND and (s.day <= step.day or s.due <= at)]
    elif is_end(case, step):
        # So does everything else: a case with an agency is not charged and not written to. A message that its
        # provider does not take for days holds nothing up, once the customer is warned.
        waiting = {s.key for s in steps if s.kind is StepKind.REMIND} & set(case.postponed)
        first = [s for s in steps if s.key != step.key and s.due <= at and s.key not in waiting]
    else:
        return at
    return max([at, *(_wake(case, s, steps, now, known) + timedelta(seconds=1) for s in first)])


def _patiently(case: Case, decision: Decision, now: datetime) -> Decision:
    """Waits with an act whose provider did not answer a moment ago."""
    if isinstance(decision, Act) and (postponed := case.postponed.get(decision.step.key)) and postponed.until > now:
        return Wait(until=postponed.until, why=f"{decision.why} (provider unreachable before)", step=decision.step)
    return decision


def _skips(case: Case, steps: list[Step], now: datetime) -> Iterator[Skip]:
    """The steps whose time has come and that will not be done."""
    due = [step for step in steps if step.due <= now]
    yield from (Skip(step=step, why=why) for step in due if (why := why_blocked(case, step)))
    due = [step for step in due if not why_blocked(case, step)]
    rule = case.policy.catch_up
    charges = [step for step in due if step.kind is StepKind.CHARGE]
    messages = [step for step in due if step.kind is StepKind.REMIND and step.stage is not Stage.ACTION]
    dropped = {skip.step.key: skip for skip in (*_of_charges(charges), *_of_messages(case, messages, now))}
    if rule is CatchUp.ALL:
        dropped = {}
    if rule is CatchUp.NONE:
        late = [step for step in due if _missed(case, step, now) and _can_be_left_out(step)]
        dropped |= {s.key: Skip(step=s, why="missed while the system was down; catch_up is none") for s in late}
    yield from dropped.values()
    kept = [step for step in steps if step.key not in dropped]
    for step in due:
        if step.stage is Stage.ACTION and (other := _says_it_too(case, step, kept, now)):
            yield Skip(step=step, why=f"the {other.title} says it on the same day")


def _of_charges(charges: list[Step]) -> Iterator[Skip]:
    """At most one charge at a time: the newest, but a new payment method before all."""
    if len(charges) < 2:
        return
    kept = max(charges, key=lambda step: (step.attempt_kind is AttemptKind.NEW_METHOD, step.due, step.day))
    for step in charges:
        if step is not kept:
            yield Skip(step=step, why=f"falls together with the {kept.title}")


def _of_messages(case: Case, messages: list[Step], now: datetime) -> Iterator[Skip]:
    """After an outage only the newest message is still worth sending."""
    if not any(_missed(case, step, now) for step in messages):
        return
    # Without a final notice the case would end unannounced: no other message takes its place.
    newest = max(messages, key=lambda step: (step.stage is Stage.FINAL, step.day)).day
    for step in messages:
        if step.day != newest:
            yield Skip(step=step, why=f"missed while the system was down; the message of day {newest} takes its place")


def _missed(case: Case, step: Step, now: datetime) -> bool:
    due = step.due
    if case.held_until and case.held_until > due:
        # A hold put it off, not an outage: it is due when the hold ends, or in the first allowed hours after it.
        due = allowed_from(case, step, case.held_until)
    return now - due > case.policy.late_after


def _can_be_left_out(step: Step) -> bool:
    """Not the final notice, a new payment method or the end: without them a case would end unannounced, or never."""
    if step.kind is StepKind.CHARGE:
        return step.attempt_kind is not AttemptKind.NEW_METHOD
    return step.kind is StepKind.RESTRICT or (step.kind is StepKind.REMIND and step.stage is not Stage.FINAL)


def _says_it_too(case: Case, ask: Step, steps: list[Step], now: datetime) -> Step | None:
    """A message of the timeline on the same channel and day: it names the cause and what to do as well."""
    today = local(now, case.zone).date()
    for step in steps:
        timeline_message = step.kind is StepKind.REMIND and step.stage is not Stage.ACTION
        same_day = timeline_message and local(_wake(case, step, [], now, {}), case.zone).date() == today
        if same_day and step.channel is ask.channel:
            return step
    return None


def _held(case: Case) -> Wait:
    ends = [h.until for h in case.holds]
    until = min((end for end in ends if end), default=None)
    said = "; ".join(f"{h.reason.value.replace('_', ' ')}: {h.note}" for h in case.holds)
    return Wait(until=until, why=f"on hold ({said})")


def _with_agency(case: Case, handoff: Handoff, now: datetime) -> Decision:
    rules = case.policy.endgame.collections
    if handoff.returned or rules is None:
        return _ending(case, Outcome.WRITTEN_OFF, "the agency gave the case back without success", now)
    deadline = handoff.at + timedelta(days=rules.deadline_days)
    if now >= deadline:
        return Close(outcome=Outcome.COLLECTIONS, why=f"{rules.deadline_days} days with the agency are over")
    reminder = handoff.at + timedelta(days=rules.acknowledge_within_days)
    if handoff.acknowledged_at or handoff.reminded or reminder >= deadline:
        return Wait(until=deadline, why=f"with the agency until {deadline:%Y-%m-%d}, {case.due} still due")
    again = _extra(HANDOFF_AGAIN, StepKind.HANDOFF, reminder)
    why = f"the agency did not acknowledge within {rules.acknowledge_within_days} days"
    if now >= reminder:
        return Act(step=again, why=why)
    return Wait(until=reminder, why=f"waiting for the agency to acknowledge, until {reminder:%Y-%m-%d}", step=again)


def _ending(case: Case, outcome: Outcome, why: str, now: datetime) -> Decision:
    """The effects that the end still needs, one after the other, and then the end. The customer's own comes first."""
    owes_nothing = outcome not in (Outcome.WRITTEN_OFF, Outcome.COLLECTIONS)
    limited = case.access is not Access.FULL or case.access_unsure
    if owes_nothing and limited and not case.subscription_cancelled:
        step = _extra("end-restore", StepKind.RESTORE, now).model_copy(update={"access": Access.FULL})
        return Act(step=step, why=f"service restored: {why}")
    with_agency = case.handoff is None or not (case.handoff.recalled or case.handoff.returned)
    if with_agency and outcome is not Outcome.COLLECTIONS:
        if case.handoff_begun:
            step = _extra(case.handoff_begun, StepKind.HANDOFF, now)
            return Act(step=step, why=f"the agency may have the case, to be recalled: {why}")
        if case.handoff:
            key = RECALL_SECOND if "end-recall" in case.steps else "end-recall"
            return Act(step=_extra(key, StepKind.RECALL, now), why=f"recalled: {why}")
    gives_up = outcome in (Outcome.WRITTEN_OFF, Outcome.SETTLED) and not (escalated(case) and case.handoff is None)
    if gives_up and case.due.amount > 0 and "end-write_off" not in case.steps:
        return Act(
            step=_extra("end-write_off", StepKind.WRITE_OFF, now), why=f"{case.due} will not be collected: {why}"
        )
    return Close(outcome=outcome, why=why)


def _extra(key: str, kind: StepKind, due: datetime) -> Step:
    return Step(key=key, kind=kind, due=due, day=0)
