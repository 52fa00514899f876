"""Every source of steps, by the phase of the case: before the end, with an agency, at the end."""

from operator import attrgetter
from typing import TYPE_CHECKING

from domain.arrangements.registry import ARRANGEMENTS
from domain.case import PROTECTIONS, HoldReason
from domain.ending import ordered_recall, second_delivery, steps_to_end
from domain.holds import ALL_BUT_AN_OPERATOR, goes_on
from domain.outside import outside_payments
from domain.requests import action_request, payment_link
from domain.source import Source
from domain.steps import Step
from domain.tries import method_try, ordered_try, other_method_tries, quick_tries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain.schedule import Slot
    from domain.situation import Situation

_BY_DAY, _FIRST = attrgetter("day", "ends"), attrgetter("comes_first")

OUTSIDE = Source(
    "outside payments",
    outside_payments,
    survives=PROTECTIONS | {HoldReason.DISPUTE, HoldReason.OPERATOR_PAUSE},
)
TIMELINE = Source("timeline", lambda _now: ())  # its steps have places: see `steps_of`
BEFORE_THE_END: tuple[Source, ...] = (
    OUTSIDE,
    Source("new payment method", method_try),
    Source("other payment methods", other_method_tries),
    Source("quick tries", quick_tries),
    Source("ordered try", ordered_try),
    Source("request to the customer", action_request),
    Source("payment link", payment_link),
    TIMELINE,
)
WITH_AGENCY: tuple[Source, ...] = (
    OUTSIDE,
    Source("recall", ordered_recall, survives=PROTECTIONS),
    Source("agency", second_delivery),
)
AT_THE_END: tuple[Source, ...] = (Source("end", steps_to_end, survives=ALL_BUT_AN_OPERATOR),)


def sources_of(now: "Situation") -> tuple[Source, ...]:
    """The sources that are asked in the case's present phase."""
    if now.end:
        return AT_THE_END
    if now.case.handoff:
        return WITH_AGENCY
    return (*BEFORE_THE_END, *ARRANGEMENTS) if ARRANGEMENTS else BEFORE_THE_END


def unplanned(now: "Situation") -> tuple[list[Step], list[Step] | None]:
    """What the sources besides the timeline have: those before it, and those after it; None when it does not go on."""
    before: list[Step] = []
    after: list[Step] | None = None
    holds = now.case.holds
    for source in sources_of(now):
        if holds and not goes_on(now.case, source.survives):
            continue
        if source is TIMELINE:
            after = []
            continue
        if steps := source.steps(now):
            # A step happens once, whatever a source says: else a mistake in one would be an effect without end.
            steps = [now.planned(step) for step in steps if step.key not in now.case.steps]
            (before if after is None else after).extend(steps)
    return before, after


def steps_of(now: "Situation", slots: "Iterable[Slot]") -> list[Step]:
    """The steps still to be done: charges first, then by day and in the policy's order; the end comes last.

    `slots`: the places of the policy whose steps are wanted.
    """
    before, after = now.unplanned
    steps = before if after is None else [*before, *map(now.step_at, slots), *after]
    if len(steps) < 2:
        return steps
    # Stable, also in reverse.
    return sorted(sorted(steps, key=_BY_DAY), key=_FIRST, reverse=True)
