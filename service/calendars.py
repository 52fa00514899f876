"""What happens to a case as a dated calendar: each step with its reason, and what postpones or forbids it."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.calendar import local
from domain.declines import RawDecline
from domain.plan import released
from domain.record import Entry
from domain.rules.contacts import ContactUse
from domain.simulation import Happening, What, live_ahead
from domain.situation import Situation
from gateways.ports.ledger import Ledger
from service.naming import invoice_named, no_case
from service.requests import Refused
from service.simulations import Simulated, SimulatedWorld, Tables
from service.standings import Standings

_LONGEST_CAP = timedelta(days=92)
"""No rule of a place counts contacts over a longer time."""
PAST = "past"
_GENERIC = "generic_decline"


class Row(NamedTuple):
    """One line of a calendar."""

    at: datetime  # in the customer's zone
    what: str  # a value of `What`; PAST: a rule has decided it
    title: str
    why: str
    rule: str | None  # with its edition; None: no rule but the policy's own
    until: datetime | None  # in the customer's zone: of what is postponed

    @property
    def said(self) -> str:
        """All of it but the date, in one sentence."""
        until = f" to {self.until:%Y-%m-%d %H:%M}" if self.until else ""
        head = f"{self.title} is {self.what}{until}" if self.what in (What.POSTPONED, What.LEFT_OUT) else self.title
        rule = f" [{self.rule}]" if self.rule else ""
        if self.why.startswith(head):
            return f"{self.why}{rule}"
        return f"{head}: {self.why}{rule}" if self.why else f"{head}{rule}"


class Calendar(NamedTuple):
    """All lines of one case, by their dates."""

    head: str  # whose it is, in one line
    zone: str  # the customer's
    rows: list[Row]
    before: tuple[str, ...] = ()  # what the policy says before a renewal, in words


def row_of(one: Happening, zone: str) -> Row:
    """A happening as the customer's clock shows it."""
    until = local(one.until, zone) if one.until else None
    return Row(local(one.at, zone), one.what.value, one.title, one.why, one.rule, until)


def calendar_of(life: Simulated) -> Calendar:
    """The calendar of a case that nobody has."""
    rows = [row_of(one, life.zone) for one in life.lived()]
    what = f"declined with {life.code.replace('_', ' ')}" if life.code else "sent, and not paid by its due date"
    before = () if life.policy.sent_invoices else life.policy.renewals.in_words
    return Calendar(f"{life.invoice.amount}, {what}, by policy {life.case.policy}", life.zone, rows, before)


class Calendars:
    """The calendars of real cases, from the ledger alone. Raises Refused or ProviderTrouble."""

    def __init__(self, ledger: Ledger, standings: Standings, tables: Tables) -> None:
        self._ledger = ledger
        self._standings = standings
        self._tables = tables

    def of(self, invoice: str) -> Calendar:
        """What rules have decided of a case, and what lies ahead of it if nobody pays.

        Of one on hold: as it goes on once the hold is over.
        """
        invoice_id = invoice_named(self._ledger, invoice)
        if self._ledger.case(invoice_id) is None:
            raise no_case(invoice_id)
        now = self._standings.of(invoice_id)
        if now is None:
            raise Refused(f"Nothing lies ahead of the case of {invoice_id}: it is over, or nothing was decided yet.")
        zone = now.case.zone
        ahead = [row_of(one, zone) for one in self._ahead(released(now))]
        rows = [*_past(self._ledger.record(invoice_id), zone), *sorted(ahead, key=lambda row: row.at)]
        head = f"Invoice {invoice_id}, {now.case.due} due, by policy {now.case.policy}, if nobody pays"
        return Calendar(head, zone, rows)

    def _ahead(self, now: Situation) -> Iterator[Happening]:
        case = now.case
        raw = case.decline.raw if case.decline else RawDecline(decline_code=_GENERIC)
        made = self._ledger.contacts_with(case.facts.customer_id, now.at - _LONGEST_CAP)
        said = [ContactUse(invoice_id=one.invoice_id, channel=one.channel, at=one.at) for one in made if one.counts]
        switch, before = now.policy.retries.do_not_honor, self._ledger.uses_of
        world = SimulatedWorld(self._tables, raw, switch, now.circumstances, said=said, before=before)
        return live_ahead(case, now.policy, world, now.at)


def _past(entries: Iterable[Entry], zone: str) -> Iterator[Row]:
    """What rules have decided so far: what was postponed, left out or declined by one. `show` has the whole record."""
    for entry in entries:
        if entry.rule:
            yield Row(local(entry.at, zone), PAST, entry.what, entry.why, entry.rule, None)
