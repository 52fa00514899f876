"""What others report of a case: what became of a contact, what the collections agency says."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from enum import StrEnum

from domain import events
from domain.addresses import address_key
from domain.consent import Source
from domain.money import Money
from domain.steps import Channel
from gateways.email_domains import with_ascii_domain
from gateways.ports.ledger import Ledger
from gateways.ports.rows import CaseRow, Closure
from service.late import GIVEN_UP
from service.naming import told_of
from service.requests import Refused, WrongRequest, money
from service.rounds import given_up
from service.running import Ended, RunningCases
from service.starting import CaseStarter


class Heard(StrEnum):
    """What became of a report."""

    TOLD = "told"  # the case was told
    KEPT = "kept"  # the case is over, and the report holds for the customer's other cases
    OVER = "over"  # the case is over, and nothing follows from the report


class Reports:
    """Takes reports in. A report with an event id that came before counts once.

    Raises Refused when there is no such case, ValidationError for an event id that is no id, ProviderTrouble when the
    ledger and RPCError when Temporal does not answer; the same report may then be given again.
    """

    def __init__(
        self, running: RunningCases, starter: CaseStarter, ledger: Ledger, clock: Callable[[], datetime]
    ) -> None:
        self._running = running
        self._starter = starter
        self._ledger = ledger
        self._clock = clock

    async def contact(
        self,
        invoice: str,
        channel: Channel,
        result: events.ContactResult,
        event_id: str,
        address: str | None = None,
    ) -> Heard:
        """What became of a contact, or that the customer wants none on this channel any more.

        `address` is where it went; None: to the customer's present address, a letter to that of the newest one."""
        fact = events.ContactReported(event_id=event_id, channel=channel, result=result)
        invoice_id = self._running.named(invoice)
        case = self._ledger.case(invoice_id)
        closes = case is not None and result in events.CLOSES_CHANNEL
        if case and closes:
            # Before the case is told: it holds for the customer's other cases too, and when this one is over.
            place = self._place(case, channel, address)
            self._close(case.customer_id, channel, result, fact.event_id, place)
        for other in self._warned_with(invoice_id, channel) if result in events.NOT_ARRIVED else ():
            with suppress(Ended):
                await self._running.tell(other, "contact_reported", fact)
        try:
            await self._running.tell(invoice_id, "contact_reported", fact)
        except Ended:
            return Heard.KEPT if closes else Heard.OVER
        return Heard.TOLD

    def _warned_with(self, invoice_id: str, channel: Channel) -> set[str]:
        """The other invoices that had their final notice by this one's."""
        said = [row.said for row in self._ledger.contacts(invoice_id) if row.channel is channel and row.said]
        return {other for facts in said for other in facts.also_final}

    def _place(self, case: CaseRow, channel: Channel, address: str | None) -> str | None:
        """What the address is compared by. A letter comes back after weeks, and whoever moved may have said so."""
        if address:
            return address_key(with_ascii_domain(address) or "")
        if channel is Channel.LETTER:
            sent = [row.address for row in self._ledger.contacts(case.invoice_id) if row.channel is channel]
            if sent and sent[-1]:
                return address_key(sent[-1])
        return self._ledger.address(case.customer_id).key(channel)

    def _close(
        self, customer_id: str, channel: Channel, result: events.ContactResult, event_id: str, place: str | None
    ) -> None:
        self._ledger.close_channel(
            Closure(
                customer_id=customer_id,
                channel=channel,
                address=place,
                why=result.words,
                wish=result in events.WISHES,
                event_id=told_of(customer_id, event_id),
                at=self._clock(),
                source=Source.REPORT,
            )
        )

    async def agency(
        self,
        invoice: str,
        report: events.AgencyReport,
        event_id: str,
        amount: str | None = None,
        currency: str | None = None,
    ) -> None:
        """What the collections agency says. `amount` is what was paid, in major units; its currency is the invoice's
        by default. A payment for a case that was given up is booked, and its end follows what is due then. Raises
        WrongRequest for an amount that is none, Refused for a case that no agency has, and Ended for one that is over:
        nothing would act on what the agency says, so a human has to."""
        if (report is events.AgencyReport.PAYMENT) != (amount is not None):
            raise WrongRequest("A payment needs --amount, and nothing else takes it.")
        invoice_id = self._running.named(invoice)
        paid = self._money(invoice_id, amount, currency) if amount is not None else None
        fact = events.AgencyReported(event_id=event_id, report=report, amount=paid)
        case = self._ledger.case(invoice_id)
        if case and case.status != "closed" and not self._ledger.was_handed_off(invoice_id):
            raise Refused(
                f"No agency has the case of invoice {invoice_id}: check the invoice, or wait until the case was handed "
                "over. A payment that came in another way is recorded in Stripe."
            )
        try:
            await self._running.tell(invoice_id, "agency_reported", fact)
        except Ended:
            if not await self._taken_up(invoice_id, fact):
                raise

    async def _taken_up(self, invoice_id: str, fact: events.AgencyReported) -> bool:
        """A payment for a case that had been given up: it is taken up once more for its end."""
        case = self._ledger.case(invoice_id)
        if fact.report is not events.AgencyReport.PAYMENT or case is None or case.outcome not in GIVEN_UP:
            return False
        resumed = given_up(self._ledger, invoice_id, fact, self._clock())
        if resumed:
            await self._starter.start(*resumed, once_more=True)
        return resumed is not None

    def _money(self, invoice_id: str, amount: str, currency: str | None) -> Money:
        if currency is None:
            case = self._ledger.case(invoice_id)
            currency = case.amount.currency if case else "USD"
        return money(amount, currency)
