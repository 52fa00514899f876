"""All ceilings of charges together: what card networks and rails allow, whatever a policy says."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from domain.base import Frozen
from domain.gates import ALLOW, Answer, Postpone, Refuse, strictest
from domain.rules.invoice import Aim
from domain.rules.networks import CeilingTable
from domain.rules.rails import RailTable
from domain.rules.uses import MethodUse, NextCharge

if TYPE_CHECKING:
    from domain.situation import Situation
    from domain.steps import Step


class Ceilings(Frozen):
    """Both tables, asked as one."""

    networks: CeilingTable
    rails: RailTable

    def window(self, charge: NextCharge) -> timedelta:
        """How far from the charge the uses are that count."""
        return max(self.networks.window(charge), self.rails.window(charge))

    def ask(self, charge: NextCharge, uses: Sequence[MethodUse]) -> Answer:
        """Whether one more charge may be made, and if not, from when on."""
        return strictest((self.networks.ask(charge, uses), self.rails.ask(charge, uses)))


def ceiling_gate(now: "Situation", step: "Step") -> Answer:
    """What the card or account on file allows. Reserving the charge asks again: two cases may want the last place.

    A method that changed is judged when it is charged: only then it is certainly known. And a charge that may have been
    made has its place already.
    """
    limit, case = now.circumstances.limit, now.case
    if limit is None or step.aim is not Aim.CHARGE or now.end or case.method_changes > case.method_tried:
        return ALLOW
    begun = case.unfinished.get(step.key)
    if begun and begun.begun:
        return ALLOW
    match limit.answer:
        case Refuse():
            return limit.answer
        case Postpone() if max(step.due, now.at) < limit.answer.until:
            return limit.answer
    return ALLOW
