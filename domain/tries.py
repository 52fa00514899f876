"""Charges that the policy's timeline does not name: the one try with a new method, those of other methods on file, and
the quick technical ones."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from domain.case import OrderedTry, StepState
from domain.declines import DeclineClass
from domain.kinds.charge import ChargeStep
from domain.retries import OtherMethods
from domain.steps import AttemptKind, Step

if TYPE_CHECKING:
    from domain.situation import Situation

_MOST_OTHERS = 5
"""How many of a customer's other cards are tried for one invoice: nobody has more, and a loop would have."""
_WITHDRAWN = frozenset({"revocation_of_authorization", "revocation_of_all_authorizations", "stop_payment_order"})
"""Who has told the bank that this merchant may charge no more, has not left another card for it."""


def method_try(now: "Situation") -> Iterable[Step]:
    """The one immediate try after the payment method changed."""
    changes = now.case.method_changes
    if not changes or changes <= now.case.method_tried:
        return ()
    day, kind = now.schedule.day_of(now.at), AttemptKind.NEW_METHOD
    return [ChargeStep(key=f"m{changes}-charge", due=now.at, day=day, attempt_kind=kind)]


def ordered_try(now: "Situation") -> Iterable[Step]:
    """The one try that an operator ordered last: by the rules of the timeline's own."""
    order = now.case.try_ordered
    if order is None:
        return ()
    day, kind = now.schedule.day_of(order.at), AttemptKind.ORDERED
    return [ChargeStep(key=ordered_key(order), due=order.at, day=day, attempt_kind=kind)]


def ordered_key(order: OrderedTry) -> str:
    return f"r{order.number}-charge"


def quick_tries(now: "Situation") -> Iterable[Step]:
    """The next quick try after a technical fault, if it comes before the end; each of them happens at most once per
    case."""
    case = now.case
    if case.decline is None or case.quick_since is None or case.decline_class is not DeclineClass.RETRY_NOW:
        return ()
    for number, wait in enumerate(now.policy.retries.quick, start=1):
        key = f"q{number}-charge"
        if key not in case.steps:
            due = max(case.quick_since + wait, case.decline.not_before or case.quick_since)
            if due >= now.ends_at:
                return ()
            day, kind = now.schedule.day_of(due), AttemptKind.TECHNICAL
            return [ChargeStep(key=key, due=due, day=day, attempt_kind=kind, number=number)]
    return ()


def other_method_tries(now: "Situation") -> Iterable[Step]:
    """The next try of another payment method on file, one after the other, until none is left that may be used."""
    case = now.case
    if now.policy.retries.other_methods is not OtherMethods.USE or not _needs_another(now):
        return ()
    keys = [f"o{case.method_changes}-{case.beside}-{number}-charge" for number in range(1, _MOST_OTHERS + 1)]
    made = [case.steps[key] for key in keys if key in case.steps]
    if len(made) == len(keys) or any(record.state is not StepState.DONE for record in made):
        return ()
    day, kind = now.schedule.day_of(now.at), AttemptKind.OTHER_METHOD
    return [ChargeStep(key=keys[len(made)], due=now.at, day=day, attempt_kind=kind)]


def _needs_another(now: "Situation") -> bool:
    """Whether only another payment method helps, and the customer has not just given one or taken the consent back."""
    case = now.case
    decline, untried = case.decline, case.method_changes > case.method_tried
    if decline is None or untried or case.invoice.verifying or not now.awaits_customer:
        return False
    withdrawn = decline.raw.decline_code in _WITHDRAWN
    return case.decline_class is not DeclineClass.AUTHENTICATE and not withdrawn
