"""Whether an act may be done to a person who is protected: asked right before it, whatever was decided."""

from collections.abc import Iterable
from datetime import datetime

from domain.gates import ALLOW, Answer, Postpone
from domain.protection import Protected
from domain.rules.invoice import LOOK_AGAIN, Aim

_STOPPED = frozenset({Aim.CHARGE, Aim.SAY, Aim.LIMIT, Aim.END, Aim.HAND_OVER, Aim.GIVE_UP})
"""What a machine does no more. Money that came in is taken, and what was taken away is given back."""


def ask_protected(protections: Iterable[Protected], aim: Aim, at: datetime, *, by_a_human: bool = False) -> Answer:
    """`protections` are those that hold. `by_a_human`: an operator has ordered that the debt be given up.

    What is stopped is put off: the case stands still from its next decision on, and goes on when a human ends it.
    """
    if aim not in _STOPPED or (aim is Aim.GIVE_UP and by_a_human):
        return ALLOW
    for one in protections:
        why = f"the customer is protected ({one.protection.in_words}, {one.said})"
        return Postpone(until=at + LOOK_AGAIN, why=why, rule=f"protection-{one.protection.value.replace('_', '-')}")
    return ALLOW
