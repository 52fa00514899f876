"""Every gate that is asked about every step. A new rule is one function in a file of its own, and one line here.

A gate answers for one step at one moment: allow, postpone until, or refuse, with the rule that says so. What only one
kind of step has to mind stands with that kind (`Step.asks`).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from domain.gates import Answer
from domain.kinds.handoff import begun_handoff
from domain.rules.ceilings import ceiling_gate
from domain.rules.invoice import invoice_gate, is_ordinary
from domain.rules.lost_handoffs import lost_handoff_gate
from domain.rules.minimum import minimum_gate
from domain.steps import Step

if TYPE_CHECKING:
    from domain.case import Case, Circumstances
    from domain.situation import Situation

Gate = Callable[["Situation", Step], Answer]

GATES: list[Gate] = []


def gates_of(case: "Case", circumstances: "Circumstances") -> tuple[Gate, ...]:
    """Those that are asked about this case's steps. What few cases need would cost all of them."""
    of_invoice = () if is_ordinary(case.invoice) else (invoice_gate,)
    of_amount = (minimum_gate,) if circumstances.too_small else ()
    of_method = (ceiling_gate,) if circumstances.limit else ()
    of_handoff = (lost_handoff_gate,) if case.unfinished and begun_handoff(case) else ()
    return (*of_invoice, *of_amount, *of_method, *of_handoff, *GATES)
