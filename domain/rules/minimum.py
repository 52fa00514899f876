"""The least amount that the payment provider charges: below it nothing is tried, and it is asked for once."""

from datetime import date
from typing import TYPE_CHECKING

from domain.base import Frozen
from domain.gates import ALLOW, Answer, Refuse
from domain.money import Amounts, Money
from domain.rules.invoice import Aim
from domain.rules.origin import Origin

if TYPE_CHECKING:
    from domain.situation import Situation
    from domain.steps import Step


class MinimumCharges(Frozen):
    """`minimum-charges.yaml`. A currency without a row has no minimum that is known here."""

    edition: date
    origin: Origin
    least: Amounts

    def ask(self, due: Money) -> Refuse | None:
        """Why what is due cannot be charged, or None."""
        least = next((row for row in self.least if row.currency == due.currency), None)
        if least is None or least <= due:
            return None
        why = f"{due} is less than the {least} from which the payment provider charges"
        return Refuse(why=why, rule=f"minimum-charge-{due.currency.lower()}@{self.edition.isoformat()}")


def minimum_gate(now: "Situation", step: "Step") -> Answer:
    """What cannot be charged is asked for once, and again only by the notice of the end."""
    too_small = now.circumstances.too_small
    if too_small is None or now.end:
        return ALLOW
    match step.aim:
        case Aim.CHARGE:
            return too_small
        case Aim.SAY if not step.warns and _was_asked_for(now):
            return too_small.model_copy(update={"why": f"{too_small.why}, and it was asked for"})
    return ALLOW


def _was_asked_for(now: "Situation") -> bool:
    done = [record.step for record in now.case.steps.values() if record.state == "done"]
    return any(step.aim is Aim.SAY for step in done)
