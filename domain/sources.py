"""Every source of steps, by the phase of the case: before the end, with an agency, at the end."""

from operator import attrgetter
from typing import TYPE_CHECKING

from domain.arrangements.registry import ARRANGEMENTS
from domain.ending import steps_to_end, steps_with_agency
from domain.holds import ALL_BUT_AN_OPERATOR, goes_on
from domain.outside import outside_payments
from domain.requests import action_request
from domain.source import Source
from domain.steps import Step
from domain.tries import method_try, quick_tries

if TYPE_CHECKING:
    from domain.situation import Situation

_BY_DAY, _FIRST = attrgetter("day", "ends"), attrgetter("comes_first")

OUTSIDE = Source("outside payments", outside_payments)
BEFORE_THE_END: tuple[Source, ...] = (
    OUTSIDE,
    Source("new payment method", method_try),
    Source("quick tries", quick_tries),
    Source("request to the customer", action_request),
    Source("timeline", lambda now: now.steps_of_policy(), lambda now: now.steps_of_policy(until=now.at)),
)
WITH_AGENCY: tuple[Source, ...] = (OUTSIDE, Source("agency", steps_with_agency))
AT_THE_END: tuple[Source, ...] = (Source("end", steps_to_end, survives=ALL_BUT_AN_OPERATOR),)


def sources_of(now: "Situation") -> tuple[Source, ...]:
    """The sources that are asked in the case's present phase."""
    if now.end:
        return AT_THE_END
    return WITH_AGENCY if now.case.handoff else (*BEFORE_THE_END, *ARRANGEMENTS)


def steps_of(now: "Situation", *, near: bool = False) -> list[Step]:
    """Every step still to be done: charges first, then by day and in the policy's order; the end comes last.

    `near`: those may be left out that cannot be due by now.
    """
    sources, done = sources_of(now), now.case.steps
    if now.case.holds:
        sources = tuple(source for source in sources if goes_on(now.case, source.survives))
    steps = [
        step
        for source in sources
        for step in ((near and source.near) or source.steps)(now)
        # A step happens once, whatever a source says: else a mistake in one would be an effect without end.
        if step.key not in done
    ]
    if now.puts_off:
        steps = [now.planned(step) for step in steps]
    if len(steps) > 1:
        steps.sort(key=_BY_DAY)
        steps.sort(key=_FIRST, reverse=True)  # stable, also in reverse
    return steps
