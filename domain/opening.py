"""How a case begins."""

from datetime import datetime, timedelta

from domain import apply
from domain.case import Case, Facts
from domain.declines import Decline
from domain.policy import Policy

_NEWS = timedelta(days=4)
"""Providers repeat an undelivered event for three days: a failure up to here is news that came late."""


def day_zero(failed_at: datetime, now: datetime) -> datetime:
    """When the case's timeline begins: at the failed payment, unless that is so old that its dates are history.

    What a short delay made late is left to the policy's catch-up rule.
    """
    return failed_at if now - failed_at <= _NEWS else now


def open_case(facts: Facts, policy: Policy, decline: Decline | None) -> Case:
    """The case as it starts. `decline` is the answer to the failed payment, None when there was none."""
    case = Case(facts=facts, policy=policy, due=facts.amount)
    case = apply.note(case, facts.opened_at, f"opened with {facts.amount} due by policy {policy.name}@{policy.version}")
    return apply.declined(case, decline, facts.opened_at) if decline else case
