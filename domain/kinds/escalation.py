"""The policy's word for the end: collections when the amount is worth it, else the write-off."""

from typing import TYPE_CHECKING, ClassVar

from domain.forms import Form
from domain.kinds import handoff, write_off
from domain.kinds.handoff import HandoffStep, begun_handoff
from domain.kinds.write_off import WriteOffStep
from domain.steps import Step

if TYPE_CHECKING:
    from domain.schedule import Slot
    from domain.situation import Situation


class EscalateForm(Form):
    word: ClassVar[str] = "escalate"
    makes: ClassVar[tuple[type[Step], ...]] = (HandoffStep, WriteOffStep)
    ends: ClassVar[bool] = True

    def step(self, now: "Situation", slot: "Slot") -> Step:
        new = handoff.new_step if goes_to_collections(now) else write_off.new_step
        due = now.ends_at
        return now.schedule.kept(
            (slot.key, due, new), lambda: new(key=slot.key, due=due, day=slot.entry.day, ends=True)
        )


def goes_to_collections(now: "Situation") -> bool:
    """Whether the end, as things stand, is a handoff: by the amount or an order; one that was begun is finished.

    An order stands without an agency, too: a human is asked then, and nothing is written off in its place.
    """
    collections, case = now.policy.endgame.collections, now.case
    can = now.circumstances.installation.no_agency is None
    if collections is not None and (case.handoff_ordered or (can and collections.accepts(case.due))):
        return True
    return bool(case.unfinished) and begun_handoff(case) is not None
