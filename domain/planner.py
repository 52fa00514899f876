"""What a case does next: one pure function from a situation to a decision with its reason.

It asks the sources for steps and the gates about each, and knows a step only by the traits that every kind declares
(`domain/steps.py`).
"""

from datetime import datetime

from domain.case import StepRecord, StepState
from domain.decisions import Act, Close, Effect, PutOff, Skip, Wait, new_act, new_effect, new_wait
from domain.ending import deadline, unannounced
from domain.holds import goes_on, said
from domain.reasons import why_wait
from domain.situation import Situation
from domain.skips import skips_of, untold
from domain.sources import sources_of
from domain.steps import Step
from domain.waiting import Waiting


def next_step(now: Situation) -> Wait | Act | Close:
    """Decides. Asked again about the same situation it answers the same."""
    if now.case.holds and _stands_still(now):
        return _held(now)
    if not now.due:
        return _wait(now)
    if skips := skips_of(now):
        return _leaving_out(now, skips)
    act = _Choice(now, now.possible_now).act()
    if act is None:
        return _wait(now)
    if skips := untold(now, act):
        return _leaving_out(now, skips)
    return unannounced(now, act) or act


def _leaving_out(now: Situation, skips: tuple[Skip, ...]) -> Wait | Act | Close:
    """What is left out can change the dates of what is left: the decision is that of the case without it."""
    decision = next_step(_without(now, skips))
    return decision.but(skips=(*skips, *decision.skips))


def _stands_still(now: Situation) -> bool:
    """Whether nothing goes on in spite of the case's holds. The end does, also when nothing of it is left to do."""
    survive = any(goes_on(now.case, source.survives) for source in sources_of(now))
    return not survive or (now.end is None and not now.steps)


def _wait(now: Situation) -> Wait | Close:
    """The wait for what is next, or the end. The next few steps say it, unless it comes after all of them."""
    if later_from := now.later_from:
        decision = _Choice(now, now.possible_next).wait()
        if type(decision) is Wait and decision.until and decision.until < later_from:
            return decision
    return _Choice(now, now.possible).wait()


class _Choice:
    """The choice among the steps that can be done as things stand."""

    def __init__(self, now: Situation, possible: list[Step]) -> None:
        self._now = now
        self._possible = possible
        self._wake = Waiting(now, possible).wake

    def act(self) -> Act | None:
        """What is ready now, with all that can run beside it; None when nothing is."""
        now = self._now
        at = now.at
        together: list[Step] = []
        for step in self._possible:
            beside = not together or all(step.beside(other) for other in together)
            if beside and step.due <= at and self._wake(step) == (at, False):
                together.append(step)
        if not together:
            return None
        effects = tuple([_effect(now, step, together[:place]) for place, step in enumerate(together)])
        skips = self._cut_off(together[0]) if together[0].ends else ()
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

    def _cut_off(self, step: Step) -> tuple[Skip, ...]:
        """What the end of the timeline leaves undone: whatever a rule or a provider put off beyond it."""
        left = (other for other in self._now.steps if other.key != step.key and other.may_be_cut_off)
        return tuple(Skip(step=other, why="the case ended before it could be done") for other in left)


def _effect(now: Situation, step: Step, before: list[Step]) -> Effect:
    """`before`: what is done beside it, and comes first where there is not room for all."""
    why = step.why(now)
    task = step.task(now, why)
    # What was tried before took its place then: its provider's silence holds nothing up today.
    before = [other for other in before if not ((known := now.case.unfinished.get(other.key)) and known.tried)]
    task = step.after(task, before) if before else task
    return new_effect(step=step, why=why, activity=step.activity, task=task, until=step.deadline(now))


def _held(now: Situation) -> Wait:
    until = min((hold.until for hold in now.case.holds if hold.until), default=None)
    return new_wait(until=until, why=said(now.case))


def _without(now: Situation, skips: tuple[Skip, ...]) -> Situation:
    records = {
        skip.step.key: StepRecord(step=skip.step, state=StepState.SKIPPED, at=now.at, note=skip.why) for skip in skips
    }
    return now.with_case(now.case.but(steps={**now.case.steps, **records}))
