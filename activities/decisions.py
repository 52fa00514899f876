"""The decision, on record: what a case does next, taken once and kept in its history and in the ledger."""

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache

from temporalio import activity

from activities.errors import translated
from domain import life
from domain.base import Message
from domain.case import Case, Circumstances
from domain.policy import Policy
from domain.rules.minimum import MinimumCharges
from domain.rules.uses import NetworkRules, limit_of
from gateways.ports.ledger import Ledger

_MOST_POLICIES = 64
"""Versions kept in memory; each has a few kilobytes."""


class DecisionTask(Message):
    """Decide what the case does at `at`."""

    case: Case
    at: datetime  # UTC, the workflow's time


class DecisionActivities:
    """Asks the domain, and writes down what it says."""

    def __init__(
        self,
        ledger: Ledger,
        holidays: Callable[[str, date], frozenset[date]],
        minimums: MinimumCharges,
        rules: NetworkRules,
    ) -> None:
        """`holidays` are a country's (ISO 3166-1 alpha-2) from a day on."""
        self._ledger = ledger
        self._holidays = holidays
        self._minimums = minimums
        self._rules = rules
        self._policy = lru_cache(_MOST_POLICIES)(self._read_policy)

    @activity.defn(name="decide", no_thread_cancel_exception=True)
    def decide(self, task: DecisionTask) -> life.Decided:
        """Decides, and keeps the decision, the record and the case's row in one transaction of the ledger.

        Run again it may decide otherwise, because time and circumstances have gone on: what the workflow has on
        record is what counts, and the ledger's row is that of the newest decision. It writes the same entry once.
        """
        # Nothing here is an operator's to release: whatever goes wrong, the same decision is asked for again.
        with translated(misuse_passes=True):
            case = task.case
            facts = case.facts
            circumstances = Circumstances(
                holidays=self._holidays(facts.country, facts.opened_at.date()),
                closed_channels=self._ledger.closed_channels(facts.customer_id),
                too_small=self._minimums.ask(case.due),
                limit=limit_of(case, task.at, self._rules, self._ledger.uses_of),
            )
            ruling = life.decide(case, self._policy(case.policy.digest), circumstances, task.at)
            state = ruling.case.model_dump_json()
            self._ledger.decided(facts.invoice_id, task.at, ruling.entries, ruling.projection, state)
            return ruling.decided

    def _read_policy(self, digest: str) -> Policy:
        return Policy.stored(self._ledger.policy(digest))
