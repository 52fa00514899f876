"""Charges that the policy's timeline does not name: the one try with a new method, and the quick technical ones."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from domain.declines import DeclineClass
from domain.kinds.charge import ChargeStep
from domain.steps import AttemptKind, Step

if TYPE_CHECKING:
    from domain.situation import Situation


def method_try(now: "Situation") -> Iterable[Step]:
    """The one immediate try after the payment method changed."""
    changes = now.case.method_changes
    if not changes or changes <= now.case.method_tried:
        return ()
    day, kind = now.schedule.day_of(now.at), AttemptKind.NEW_METHOD
    return [ChargeStep(key=f"m{changes}-charge", due=now.at, day=day, attempt_kind=kind)]


def quick_tries(now: "Situation") -> Iterable[Step]:
    """The next quick try after a technical fault; each of them happens at most once per case."""
    case = now.case
    if case.decline is None or case.quick_since is None or case.decline_class is not DeclineClass.RETRY_NOW:
        return ()
    for number, wait in enumerate(now.policy.retries.quick, start=1):
        key = f"q{number}-charge"
        if key not in case.steps:
            due = max(case.quick_since + wait, case.decline.not_before or case.quick_since)
            day, kind = now.schedule.day_of(due), AttemptKind.TECHNICAL
            return [ChargeStep(key=key, due=due, day=day, attempt_kind=kind, number=number)]
    return ()
