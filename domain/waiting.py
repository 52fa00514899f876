"""When a step can be done, with all that it waits for: by this the planner acts, and messages name days."""

from datetime import datetime
from typing import TYPE_CHECKING

from domain.steps import Step

if TYPE_CHECKING:
    from domain.situation import Situation


class Waiting:
    """What waits for what, of the steps that can be done as things stand."""

    def __init__(self, now: "Situation", possible: list[Step]) -> None:
        self._now = now
        self._possible = possible
        self._known: dict[str, tuple[datetime, bool]] = {}
        # What may have happened and comes before all others is found out before anything else is done.
        begun = [step for step in possible if step.comes_first] if now.case.unfinished else []
        self._unknown = [step for step in begun if (u := now.case.unfinished.get(step.key)) and u.begun]

    def wake(self, step: Step) -> tuple[datetime, bool]:
        """When the step can be done, at its due time or when a gate, a provider or another step says so; and whether
        it is another step that it waits for.
        """
        known = self._known.get(step.key)
        if known is not None:
            return known
        at = self._now.opens(step)
        # Most kinds wait for none.
        waits = self._unknown or (len(self._possible) > 1 and type(step).waits_for is not Step.waits_for)
        first = self._first(step, at) if waits else ()
        known = max([at, *(self.wake(other)[0] for other in first)]) if first else at, bool(first)
        self._known[step.key] = known
        return known

    def _first(self, step: Step, at: datetime) -> list[Step]:
        """What has to be done before the step."""
        unknown = () if step.comes_first else self._unknown
        ends = bool(self._now.case.unfinished) and step.is_an_end(self._now)
        return [*unknown] + [
            other
            for other in self._possible
            if other is not step
            and other not in unknown
            and step.waits_for(other, at, self._now)
            # What its provider does not take for days holds no end up, once the customer is warned.
            and not (ends and self._is_stuck(other, at))
        ]

    def _is_stuck(self, step: Step, at: datetime) -> bool:
        """Whether it is a message that its provider does not take, or waits for one."""
        silent = self._now.case.unfinished
        untaken = [other for other in self._possible if other.key in silent and not other.holds_up_the_end]
        return step in untaken or any(step.waits_for(other, at, self._now) for other in untaken)
