"""What a case does next: one pure function from a situation to a decision with its reason.

It asks the sources for steps and the gates about each, and knows a step only by the traits that every kind declares
(`domain/steps.py`).
"""

from collections.abc import Iterator
from datetime import datetime

from domain.case import StepRecord, StepState
from domain.decisions import Act, Close, Effect, PutOff, Skip, Wait, new_act, new_effect, new_wait
from domain.ending import deadline
from domain.holds import goes_on, said
from domain.policy import CatchUp
from domain.reasons import why_wait
from domain.situation import Situation
from domain.sources import sources_of
from domain.steps import Step


def next_step(now: Situation) -> Wait | Act | Close:
    """Decides. Asked again about the same situation it answers the same."""
    if now.case.holds and not any(goes_on(now.case, source.survives) for source in sources_of(now)):
        return _held(now)
    if not now.due:
        return _Choice(now, now.possible).wait()
    if skips := _skips(now):
        # What is left out can change the dates of what is left: the decision is that of the case without it.
        decision = next_step(_without(now, skips))
        return decision.but(skips=(*skips, *decision.skips))
    return _Choice(now, now.possible_now).act() or _Choice(now, now.possible).wait()


class _Choice:
    """The choice among the steps that can be done as things stand."""

    def __init__(self, now: Situation, possible: list[Step]) -> None:
        self._now = now
        self._possible = possible
        self._known: dict[str, tuple[datetime, bool]] = {}
        # What may have happened and comes before all others is found out before anything else is done.
        begun = [step for step in possible if step.comes_first] if now.case.unfinished else []
        self._unknown = [step for step in begun if (u := now.case.unfinished.get(step.key)) and u.begun]

    def act(self) -> Act | None:
        """What is ready now, with all that can run beside it; None when nothing is."""
        now = self._now
        ready = [step for step in self._possible if step.due <= now.at and self._wake(step) == (now.at, False)]
        if not ready:
            return None
        together = ready[:1]
        for step in ready[1:]:
            if all(step.beside(other) for other in together):
                together.append(step)
        effects = tuple([_effect(now, step) for step in together])
        skips = self._cut_off(together[0])
        return new_act(effects=effects, why=effects[0].why, skips=skips, put_off=self._put_off(skips))

    def wait(self) -> Wait | Close:
        """The wait for what is next, or the end."""
        now = self._now
        upcoming, until = self._upcoming()
        ends = None if now.end else deadline(now.case, now.policy)
        if upcoming is None or (ends and ends <= until):
            return self._last(ends)
        why = upcoming.why_later(now, until) or why_wait(now, upcoming, until)
        known = now.case.unfinished.get(upcoming.key)
        if known and known.times and known.not_before == until:
            why = f"{why} (provider unreachable before)"
        return new_wait(until=until, why=why, step=upcoming, put_off=self._put_off())

    def _put_off(self, skips: tuple[Skip, ...] = ()) -> tuple[PutOff, ...]:
        put_off = self._now.put_off
        if not put_off:
            return ()
        left_out = {skip.step.key for skip in skips}
        return tuple(
            PutOff(step=step, until=answer.until, why=answer.why, rule=answer.rule)
            for step in self._possible
            if (answer := put_off.get(step.key)) and step.key not in left_out
        )

    def _upcoming(self) -> tuple[Step | None, datetime]:
        """What comes next, and when. Of two at one moment the one that the other waits for is named."""
        upcoming, first = None, (self._now.at, False)
        for step in self._possible:
            if upcoming is None or (step.due <= first[0] and self._wake(step) < first):
                upcoming, first = step, self._wake(step)
        return upcoming, first[0]

    def _last(self, ends: datetime | None) -> Wait | Close:
        """What there is to do when no step is left."""
        now = self._now
        if now.end:
            return Close(outcome=now.end.outcome, why=now.end.why)
        if ends:
            return new_wait(until=ends, why=f"with the agency until {ends.date()}, {now.case.due} still due")
        return new_wait(until=None, why="nothing is left to be done")

    def _wake(self, step: Step) -> tuple[datetime, bool]:
        """When the step can be done, at its due time or when a gate, a provider or another step says so; and whether
        it is another step that it waits for.
        """
        known = self._known.get(step.key)
        if known is not None:
            return known
        now = self._now
        at, first = now.opens(step), []
        if self._unknown or type(step).waits_for is not Step.waits_for:  # most kinds wait for none
            silent = now.case.unfinished
            unknown = () if step.comes_first else self._unknown
            first = [*unknown] + [
                other
                for other in self._possible
                if other is not step
                and other not in unknown
                and step.waits_for(other, at)
                # What its provider does not take for days holds no end up, once the customer is warned.
                and (other.holds_up_the_end or not step.ends or other.key not in silent)
            ]
        known = self._known[step.key] = max([at, *(self._wake(other)[0] for other in first)]), bool(first)
        return known

    def _cut_off(self, step: Step) -> tuple[Skip, ...]:
        """What the end of the timeline leaves undone: whatever a rule or a provider put off beyond it."""
        if not step.ends:
            return ()
        left = (other for other in self._now.steps if other.key != step.key)
        return tuple(Skip(step=other, why="the case ended before it could be done") for other in left)


def _effect(now: Situation, step: Step) -> Effect:
    why = step.why(now)
    return new_effect(step=step, why=why, activity=step.activity, task=step.task(now, why), until=step.deadline(now))


def _held(now: Situation) -> Wait:
    until = min((hold.until for hold in now.case.holds if hold.until), default=None)
    return new_wait(until=until, why=said(now.case))


def _without(now: Situation, skips: tuple[Skip, ...]) -> Situation:
    records = {
        skip.step.key: StepRecord(step=skip.step, state=StepState.SKIPPED, at=now.at, note=skip.why) for skip in skips
    }
    return now.with_case(now.case.but(steps={**now.case.steps, **records}))


def _skips(now: Situation) -> tuple[Skip, ...]:
    """The steps whose time has come and that will not be done."""
    skips = [Skip(step=step, why=why) for step in now.due if (why := now.refusal(step))]
    due = [step for step in now.due if not now.refusal(step)] if skips else now.due
    dropped: dict[str, Skip] = {}
    if len(due) > 1 and now.policy.catch_up is not CatchUp.ALL:
        dropped = {skip.step.key: skip for skip in (*_falling_together(due), *_overtaken(now, due))}
    if now.policy.catch_up is CatchUp.NONE:
        late = [step for step in due if step.may_be_left_out and _missed(now, step)]
        dropped |= {s.key: Skip(step=s, why="missed while the system was down; catch_up is none") for s in late}
    skips += dropped.values()
    for step in due:
        if step.key not in dropped and (why := step.said_by(_others(now, dropped), now)):
            skips.append(Skip(step=step, why=why))
    return tuple(skips)


def _others(now: Situation, dropped: dict[str, Skip]) -> Iterator[Step]:
    """What is left of all steps: asked for one after the other, and most kinds ask for none."""
    yield from (step for step in now.steps if step.key not in dropped)


def _falling_together(due: list[Step]) -> Iterator[Skip]:
    """At most one at a time of a kind that wants it so."""
    alone = [step for step in due if step.one_at_a_time]
    for kind in {step.kind: None for step in alone}:
        steps = [step for step in alone if step.kind == kind]
        kept = max(steps, key=lambda step: step.weight)
        yield from (Skip(step=s, why=f"falls together with the {kept.title}") for s in steps if s is not kept)


def _overtaken(now: Situation, due: list[Step]) -> Iterator[Skip]:
    """After an outage only the newest is still worth doing."""
    steps = [step for step in due if step.newest_only]
    if not any(_missed(now, step) for step in steps):
        return
    newest = max(steps, key=lambda step: step.weight).day
    for step in steps:
        if step.day != newest:
            yield Skip(step=step, why=step.overtaken(newest))


def _missed(now: Situation, step: Step) -> bool:
    due, held_until = step.due, now.case.held_until
    if held_until and held_until > due:
        # A hold put it off, not an outage: it is due when the hold ends, or in the first allowed hours after it.
        due = now.contact_from(step.day, held_until)
    return now.at - due > now.policy.late_after
