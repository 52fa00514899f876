"""How a case stands at a moment: its policy and its circumstances, read from the ledger."""

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from pydantic import ValidationError

from activities.habits import habits_of, unaddressed
from domain import changes
from domain.calendar import local
from domain.call_hours import stated
from domain.case import Case, Circumstances, Whereabouts
from domain.consent import NEEDS_OPT_IN, UNKNOWN_HOURS, unasked
from domain.habits import UNKNOWN, Habits
from domain.installation import COMPLETE, Installation
from domain.policy import Policy
from domain.protection import Protected, standing
from domain.reach import asks_for_the_best
from domain.rules.holidays import holidays_at
from domain.rules.law_table import NO_TABLE, Begun, LawTable, law_of
from domain.rules.lawful_consent import unlawful_channels
from domain.rules.local_law import LocalLaw
from domain.rules.minimum import MinimumCharges
from domain.rules.uses import NetworkRules, limit_of
from domain.situation import Situation
from domain.steps import Channel
from gateways.ports.consents import opted_in
from gateways.ports.ledger import Ledger
from gateways.ports.rows import CustomerRow


class Around(NamedTuple):
    """Whose hours and law hold for somebody, and what is closed to them."""

    zones: tuple[str, ...]
    holidays: frozenset[date]
    law: LocalLaw
    closed: dict[Channel, str]  # channel → why
    habits: Habits
    protections: tuple[Protected, ...]


class Anywhere(NamedTuple):
    """Of somebody of whom no case has begun: the clocks of where they may be."""

    time_zones: tuple[str, ...]
    country: str = ""
    place_known: bool = False


_MOST_POLICIES = 64
"""Versions kept in memory; each has a few kilobytes."""


class Situations:
    """Reads what a decision is made of. Raises NotFound or ProviderTrouble."""

    def __init__(
        self,
        ledger: Ledger,
        places: Callable[[CustomerRow, date], Whereabouts | None],
        holidays: Callable[[str, date], frozenset[date]],
        minimums: MinimumCharges,
        rules: NetworkRules,
        installation: Installation = COMPLETE,
        law: LawTable = NO_TABLE,
    ) -> None:
        """`places` is where a customer is, for a case that began on a day; `holidays` are those of a place (`TH`,
        `US-MA`) from a day on; `installation` is what this worker has settings for."""
        self._law = law
        self._ledger = ledger
        self._places = places
        self._holidays = holidays
        self._minimums = minimums
        self._rules = rules
        self._installation = installation
        self.policy = lru_cache(_MOST_POLICIES)(self._read_policy)
        """A policy by its digest."""

    def circumstances(self, case: Case, at: datetime) -> Circumstances:
        """What is known of its customer, place and payment method at a moment (UTC)."""
        facts, policy = case.facts, self.policy(case.policy.digest)
        began, chooses = facts.opened_at.date(), asks_for_the_best(policy)
        customer = self._ledger.customer(facts.customer_id)
        here = self.place_of(customer, began) if customer else None
        law = law_of(self._law, facts, here, policy.sells_in)
        return Circumstances(
            whereabouts=here,
            holidays=holidays_at(self._holidays, facts, here, began),
            closed_channels=(unaddressed(self._ledger, facts.customer_id) if chooses else {})
            | self._closed(facts.customer_id),
            habits=habits_of(self._ledger, facts.customer_id, at) if chooses else UNKNOWN,
            too_small=self._minimums.ask(case.due),
            limit=limit_of(case, at, self._rules, self._ledger.uses_of),
            installation=self._installation.hearing(self._ledger.an_endpoint_takes),
            law=law,
            opted_in=opted_in(law, self._ledger, facts.customer_id),
            protections=standing(self._ledger.protections(facts.customer_id), at),
            call_hours=stated(customer.call_hours) if customer else (),
        )

    def _closed(self, customer_id: str) -> dict[Channel, str]:
        """Also what nobody is written to on who has not agreed to it, where the installation has it at all."""
        closed = self._ledger.closed_channels(customer_id)
        if not (NEEDS_OPT_IN.keys() - closed.keys() - self._installation.closed_channels.keys()):
            return closed
        return unasked(self._agreed(customer_id)) | closed

    def _agreed(self, customer_id: str) -> frozenset[Channel]:
        return frozenset(one.channel for one in self._ledger.opt_ins(customer_id))

    def whereabouts(self, customer_id: str, began: date) -> Whereabouts | None:
        """Where the customer of a case is now."""
        customer = self._ledger.customer(customer_id)
        return self.place_of(customer, began) if customer else None

    def around(self, customer_id: str, policy: Policy, begun: Begun, at: datetime) -> Around:
        """What of the customer's place decides about a message that no open case sends, at a moment (UTC). `begun`:
        where they were when a case began, which holds while nothing else says where they are."""
        began = at.date()
        here = self.whereabouts(customer_id, began)
        zones = here.time_zones if here else begun.time_zones
        places = here.places if here else (begun.country,) if begun.place_known and begun.country else ()
        law = law_of(self._law, begun, here, policy.sells_in)
        day = local(at, zones[0]).date()
        unlawful = unlawful_channels(law, day, opted_in(law, self._ledger, customer_id), policy.contacts.registered)
        return Around(
            zones=zones,
            holidays=frozenset().union(*(self._holidays(place, began) for place in places)),
            law=law.without(policy.contacts.set_aside),
            closed=unlawful
            | ({} if here or begun.place_known else UNKNOWN_HOURS)
            | unaddressed(self._ledger, customer_id)
            | self._closed(customer_id)
            | self._installation.closed_channels,
            habits=habits_of(self._ledger, customer_id, at),
            protections=standing(self._ledger.protections(customer_id), at),
        )

    def place_of(self, customer: CustomerRow, began: date) -> Whereabouts | None:
        """Where somebody is of whom this is known."""
        return self._places(customer, began)

    def of(self, invoice_id: str, at: datetime) -> Situation | None:
        """The case of an invoice as it was decided about last, at a moment (UTC); None: there is none to be read."""
        state = self._ledger.state_of(invoice_id)
        try:
            case = changes.tick(Case.model_validate_json(state or ""), at)
        except ValidationError:
            return None
        return Situation(case, self.policy(case.policy.digest), self.circumstances(case, at), at)

    def _read_policy(self, digest: str) -> Policy:
        return Policy.stored(self._ledger.policy(digest))
