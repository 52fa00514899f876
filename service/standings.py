"""How a case stands now, from the ledger alone: with or without a worker, and without a trace in its history."""

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache

from pydantic import ValidationError

from domain.call_hours import stated
from domain.case import Case, Circumstances, Whereabouts
from domain.installation import Installation
from domain.policy import Policy
from domain.protection import standing
from domain.rules.holidays import holidays_at
from domain.rules.law_table import LawTable, law_of
from domain.rules.minimum import MinimumCharges
from domain.rules.uses import NetworkRules, limit_of
from domain.situation import Situation
from gateways.ports.consents import opted_in
from gateways.ports.ledger import Ledger
from gateways.ports.rows import CustomerRow

_MOST_POLICIES = 64
"""Versions kept in memory: none of them ever changes."""


class Standings:
    """`places` is where a customer is, for a case that began on a day; `holidays` are a place's from a day on;
    `minimums` and `rules` read what binds every charge when it is asked for, `law` what binds every contact,
    `installation` what there are settings for; `clock` is the time at which an operator asks.
    Raises ProviderTrouble."""

    def __init__(
        self,
        ledger: Ledger,
        places: Callable[[CustomerRow, date], Whereabouts | None],
        holidays: Callable[[str, date], frozenset[date]],
        minimums: Callable[[], MinimumCharges],
        rules: Callable[[], NetworkRules],
        installation: Callable[[], Installation],
        law: Callable[[], LawTable],
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._places = places
        self._holidays = holidays
        self._minimums = minimums
        self._rules = rules
        self._installation = installation
        self._law = law
        self._clock = clock
        self._policy = lru_cache(_MOST_POLICIES)(self._read_policy)

    def of(self, invoice_id: str) -> Situation | None:
        """The case as it was decided about last. None for one that is over, that nobody has decided about yet, or
        whose state today's code cannot read."""
        row, state = self._ledger.case(invoice_id), self._ledger.state_of(invoice_id)
        if row is None or not state or row.status == "closed" or row.decided_at is None:
            return None
        try:
            case = Case.model_validate_json(state)
        except ValidationError:
            return None
        facts, began = case.facts, case.facts.opened_at.date()
        customer = self._ledger.customer(facts.customer_id)
        here = self._places(customer, began) if customer else None
        # A case may live ahead of the clock of this machine, in a world that skips time.
        at = max(row.decided_at, self._clock())
        policy = self._policy(case.policy.digest)
        law = law_of(self._law(), facts, here, policy.sells_in)
        circumstances = Circumstances(
            whereabouts=here,
            holidays=holidays_at(self._holidays, facts, here, began),
            closed_channels=self._ledger.closed_channels(facts.customer_id),
            too_small=self._minimums().ask(case.due),
            limit=limit_of(case, at, self._rules(), self._ledger.uses_of),
            installation=self._installation().hearing(self._ledger.an_endpoint_takes),
            law=law,
            opted_in=opted_in(law, self._ledger, facts.customer_id),
            protections=standing(self._ledger.protections(facts.customer_id), at),
            call_hours=stated(customer.call_hours) if customer else (),
        )
        return Situation(case, policy, circumstances, at)

    def _read_policy(self, digest: str) -> Policy:
        return Policy.stored(self._ledger.policy(digest))
