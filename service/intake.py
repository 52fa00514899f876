"""The way in: the payment provider's events and plain JSON records open cases and tell the running ones what happened.

Everything may come twice, late and in any order, and may be given again after a crash: an event counts as taken only
after its case has been told, and a case applies an event once.
"""

from collections.abc import Callable
from datetime import datetime

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.declines import DeclineTable
from domain.ids import workflow_id
from domain.installation import COMPLETE, Installation
from gateways import stripe_events
from gateways.policy_files import PolicyStore
from gateways.ports.ledger import Ledger
from gateways.ports.renewals import Provider
from gateways.ports.trouble import ProviderTrouble
from gateways.provider_facts import (
    AddressChanged,
    AgencySaid,
    ContactHeard,
    CustomerChose,
    CustomerConsented,
    CustomerWrote,
    DisputeEnded,
    Fact,
    Ignored,
    InvoiceAltered,
    InvoiceDue,
    PaymentFailed,
    PaymentSucceeded,
    PersonChanged,
    RenewalComing,
)
from gateways.stripe_origin import Served
from service.agency_news import of_agency
from service.consents import of_consent
from service.contact_news import closes_for_everybody, of_contact, of_reply
from service.news import News, NewsDesk, Told
from service.opening import CaseOpener, Failure, NotAdmitted, Receipt, Taken
from service.preferences import of_choice
from service.protections import of_person
from service.records import plain_failure
from service.renewals import RenewalDesk
from service.rounds import Rounds
from service.starting import CaseStarter
from service.threads import Threads
from service.ways import of_address

_Said = ContactHeard | CustomerWrote | CustomerChose | CustomerConsented | PersonChanged | AddressChanged | AgencySaid
_KEPT = "it is in the ledger; no open case had to be told"
_TAKEN_UP = "the case had been given up, and is taken up for its end"
AT_ONCE = 64
"""Records that are taken in at the same time: most of the time each waits for the provider's answer."""


class Intake:
    """Takes records in. All collaborators are given; `clock` is the time by which a failure is news or history.

    Has threads of its own, one for each record that may be taken in at the same time: close it after use. Records
    about the same invoice or customer have to be given one after the other, in their order.

    Raises NotAdmitted for an invoice that becomes no case; ForeignEvent, MalformedEvent, MalformedRecord or WrongRecord
    for a record that cannot be taken; PolicyError, ProviderMisuse or ProviderTrouble, and RPCError when Temporal does
    not answer.
    """

    def __init__(
        self,
        client: Client,
        task_queue: str,
        ledger: Ledger,
        payments: Provider,
        policies: PolicyStore,
        declines: DeclineTable,
        clock: Callable[[], datetime],
        at_once: int = AT_ONCE,
        again: bool = False,
        served: Served = stripe_events.OWN,
        installation: Installation = COMPLETE,
    ) -> None:
        """`again` takes in events that came before, too: after Temporal lost what it had been told. `served` says
        whose events are taken. No case is opened whose policy cannot say anything with what the `installation` has."""
        self.at_once = at_once
        self._again = again
        self._served = served
        self._client = client
        self._ledger = ledger
        self._clock = clock
        self._threads = Threads(at_once, "intake")
        self._news = NewsDesk(ledger, payments, declines)
        self._rounds = Rounds(ledger, payments)
        self._renewals = RenewalDesk(client, task_queue, ledger, payments, policies, clock, self._threads)
        self._starter = CaseStarter(client, task_queue, clock)
        self._opener = CaseOpener(
            self._starter, ledger, payments, policies, declines, clock, self._threads, installation
        )

    def close(self) -> None:
        """Waits for what is in hand."""
        self._threads.close()

    def read_event(self, event: object) -> Fact:
        """What one event of the payment provider says, as its webhook delivers it. Raises MalformedEvent, or
        ForeignEvent for one that is not ours: it does not count as taken."""
        return stripe_events.read(event, self._served)

    def read_json(self, record: object) -> Failure:
        """One failed invoice of another billing system, as service/records.py describes it. Raises MalformedRecord."""
        return plain_failure(record, self._clock())

    async def take_event(self, event: object) -> Taken:
        """Reads one event of the payment provider and takes it in."""
        return await self.take(self.read_event(event))

    async def take_json(self, record: object) -> Taken:
        """Reads one plain record and takes it in."""
        return await self.take(self.read_json(record))

    async def take(self, record: Fact | Failure) -> Taken:
        """Takes in what was read."""
        return (await self.receive(record)).taken

    async def receive(self, record: Fact | Failure) -> Receipt:
        """Takes in what was read, and says more of it than what became of it."""
        if isinstance(record, Failure):
            return await self._opener.open(record)
        known = await self._threads.run(self._ledger.event_known, record.provider, record.event_id)
        if known and not self._again:
            return Receipt(Taken.EXISTS, known.invoice_id, "the event came before")
        try:
            receipt = await self._take(record)
        except NotAdmitted:
            await self._keep(record, record.invoice_id)
            raise
        await self._keep(record, receipt.invoice_id or record.invoice_id)
        return receipt

    async def _keep(self, fact: Fact, invoice_id: str | None) -> None:
        """From now on the event counts as taken; given again it names this invoice."""
        names = fact.provider, fact.event_id, fact.event_type, invoice_id
        await self._threads.run(self._ledger.provider_event, *names, self._clock())

    async def _take(self, fact: Fact) -> Receipt:
        if isinstance(fact, Ignored):
            return Receipt(Taken.IGNORED)
        if isinstance(fact, PaymentFailed):
            return await self._failed(fact)
        if isinstance(fact, InvoiceDue):
            due = Failure(invoice_id=fact.invoice_id, heard_at=fact.at, known=fact.customer, due_only=True)
            return await self._opener.open(due)
        if isinstance(fact, RenewalComing):
            return await self._renewals.take(fact)
        told = await self._threads.run(self._told, fact)
        receipt = await self._tell(fact, told)
        if isinstance(fact, AgencySaid) and told and receipt.taken is Taken.IGNORED:
            raise ProviderTrouble("The case is ending at this moment; what the agency says is looked at again.")
        receipt = await self._next_round(fact) or receipt
        if receipt.taken is Taken.IGNORED and await self._threads.run(self._has_kept, fact):
            return Receipt(Taken.KEPT, receipt.invoice_id, _KEPT)
        return receipt

    def _has_kept(self, fact: Fact) -> bool:
        """Whether the ledger has what customers want, or what became of a contact, although no case was told."""
        match fact:
            case CustomerConsented() | PersonChanged() | AddressChanged():
                return True
            case CustomerChose(contact=key) | ContactHeard(key=str(key)):
                return self._ledger.contact_of(key) is not None or self._ledger.notice(key) is not None
            case CustomerWrote(channel=channel, address=address):
                return closes_for_everybody(fact) or bool(self._ledger.customers_at(channel, address))
            case _:
                return False

    async def _next_round(self, fact: Fact) -> Receipt | None:
        """Money may move after its case has ended, or be owed no more."""
        if isinstance(fact, InvoiceAltered):
            await self._threads.run(self._rounds.altered_late, fact)
        if isinstance(fact, DisputeEnded) and (loss := await self._threads.run(self._rounds.taken_back, fact)):
            if isinstance(loss, Failure):
                return await self._opener.open(loss)
            return Receipt(Taken.TAKEN_BACK, fact.invoice_id, loss)
        if isinstance(fact, PaymentSucceeded) and (resumed := await self._threads.run(self._rounds.paid_late, fact)):
            # A second event of this payment may have been faster: then it runs already.
            await self._starter.start(*resumed, once_more=True)
            return Receipt(Taken.PASSED_ON, fact.invoice_id, _TAKEN_UP)
        if isinstance(fact, AgencySaid) and (resumed := await self._threads.run(self._rounds.agency_paid, fact)):
            await self._starter.start(*resumed, once_more=True)
            return Receipt(Taken.PASSED_ON, resumed[0].facts.invoice_id, _TAKEN_UP)
        return None

    def _told(self, fact: News | _Said) -> Told:
        match fact:
            case ContactHeard():
                return of_contact(self._ledger, fact)
            case CustomerWrote():
                return of_reply(self._ledger, fact)
            case CustomerChose():
                return of_choice(self._ledger, fact)
            case CustomerConsented():
                return of_consent(self._ledger, fact)
            case PersonChanged():
                return of_person(self._ledger, fact)
            case AddressChanged():
                return of_address(self._ledger, fact)
            case AgencySaid():
                return of_agency(self._ledger, fact)
            case _:
                return self._news.of(fact)

    async def _failed(self, fact: PaymentFailed) -> Receipt:
        # The event is made when the payment fails: its time is the failure's, however late it arrives.
        failure = Failure(invoice_id=fact.invoice_id, heard_at=fact.at, failed_at=fact.at, known=fact.customer)
        receipt = await self._opener.open(failure)
        if receipt.taken is not Taken.EXISTS or fact.caused_by_us:
            return receipt
        news = self._news.foreign_failure if fact.counts else self._news.action_wanted
        told = await self._threads.run(news, fact)
        return await self._tell(fact, told) if told else receipt

    async def _tell(self, fact: Fact, told: Told) -> Receipt:
        """Signals the cases. One whose workflow is over needs no news any more."""
        reached = False
        for case, signal, message in told:
            if case.status == "opening":
                await self._opener.open(Failure(invoice_id=case.invoice_id, heard_at=fact.at))
            try:
                await self._client.get_workflow_handle(workflow_id(case.invoice_id)).signal(signal, message)
                reached = True
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
        ids = [case.invoice_id for case, _, _ in told]
        note = f"cases of {', '.join(ids)}" if len(ids) > 1 else ""
        return Receipt(Taken.PASSED_ON if reached else Taken.IGNORED, ids[0] if len(ids) == 1 else None, note)
