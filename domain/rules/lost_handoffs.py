"""What an agency may already have, because the answer to the handoff was lost: nothing is said of it until that is
known. Every kind of step that says something is asked, and whoever takes a call."""

from datetime import timedelta
from typing import TYPE_CHECKING

from domain.gates import ALLOW, Answer, Postpone
from domain.kinds.handoff import begun_handoff
from domain.rules.invoice import Aim

if TYPE_CHECKING:
    from domain.situation import Situation
    from domain.steps import Step

RULE = "with-agency"
WHY = "an agency may have the case: the answer to the handoff is not known yet"
_AFTER_IT = timedelta(hours=1)
"""How long after the next question to the agency: what is due with it would go before it."""


def lost_handoff_gate(now: "Situation", step: "Step") -> Answer:
    begun = begun_handoff(now.case) if step.aim is Aim.SAY and not now.end else None
    if begun is None:
        return ALLOW
    asked_again = now.case.unfinished[begun.key].not_before or now.at
    return Postpone(until=max(asked_again, now.at) + _AFTER_IT, why=WHY, rule=RULE)
