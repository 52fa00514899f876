"""What the activities and the service expect of the ledger: one small book per aggregate, and all of them together."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from domain.case import ChargeOutcome
from domain.declines import Decline
from domain.gates import Postpone, Refuse
from domain.kinds.access import AccessWish, Standing
from domain.projection import Projection
from domain.record import Entry
from domain.rules.contacts import ContactRules, SaidWith
from domain.rules.uses import MethodUse, NetworkRules, NextCharge
from domain.steps import Channel
from gateways.ports.calls import CallBook
from gateways.ports.case_list import CaseList
from gateways.ports.closings import ClosingBook
from gateways.ports.consents import ConsentBook
from gateways.ports.directory import CustomerDirectory
from gateways.ports.messages import Address, Recipient
from gateways.ports.persons import PersonBook
from gateways.ports.protections import ProtectionBook
from gateways.ports.renewals import NoticeBook
from gateways.ports.rows import (
    AttemptRow,
    CaseRow,
    Closure,
    ContactRow,
    CustomerRow,
    KnownEvent,
    Late,
    Reply,
    Reserved,
)
from gateways.ports.terms import TermsBook

Contact = Reserved | Postpone | Refuse | SaidWith
"""What becomes of a contact that is to be made."""


class CaseBook(CaseList, Protocol):
    """One row per case, for ever, kept by each decision."""

    def open_case(
        self,
        case: CaseRow,
        customer: CustomerRow,
        state: str,
        opened: Entry | None = None,
        failed: AttemptRow | None = None,
    ) -> CaseRow:
        """Inserts case and customer unless the invoice has a case already; returns the row that stands now.

        `state` is the whole case as JSON, enough to start it anew. With the row are written the record's first entry
        and the charge that `failed` before the case: not ours, but it counts for the card.
        """

    def mark_open(self, invoice_id: str) -> None:
        """The workflow runs: status `opening` becomes `open`."""

    def decided(
        self, invoice_id: str, at: datetime, entries: Sequence[Entry], projection: Projection, state: str
    ) -> None:
        """Keeps one decision whole: its entries, what lists show of the case, and its state.

        An entry with the same step, what and why is written once for one moment.
        Messages whose fate is unknown, and which it leaves out or ends the case without, count as sent from now on.
        A decision that is older than the one that stands leaves its entries and nothing else. With an outcome it closes
        the case, and the same outcome again changes nothing. News (a payment, a void invoice) that overtook the end of
        a case that was given up, as collections or written_off, replace it or open the case again. Raises
        ProviderMisuse for a decision that would take any other end back.
        """

    def case(self, invoice_id: str) -> CaseRow | None: ...

    def invoices_numbered(self, number: str) -> list[str]:
        """The ids of the invoices with this number that have a case. Several only by a mistake of their source."""

    def after_the_end(self, invoice_id: str, occasion: str, entry: Entry, late: Late) -> bool:
        """Books what became of the money of a closed case, once per occasion: its entry, and what of the row it
        changes. Of an open one that can only be that a part is owed again, or billed anew. False: it was booked
        before, or there is nothing to book."""

    def taken_up(self, invoice_id: str) -> None:
        """A closed case goes on in a new run: what that decides is newer than all before, whatever the clocks say."""

    def state_of(self, invoice_id: str) -> str | None:
        """The whole case as JSON, as its newest decision left it."""

    def open_cases_of(self, customer_id: str) -> list[CaseRow]:
        """All of the customer's cases that are not closed, oldest first."""

    def open_beside(self, invoice_id: str, customer_id: str) -> list[str]:
        """The invoices of the customer's other cases of status `open`, the oldest case first."""

    def case_states(self, after: str | None, limit: int) -> list[tuple[str, str]]:
        """(invoice id, state) of one page of the cases that are not closed, in order of the id, after `after`."""


class ShortLinkBook(Protocol):
    """What the short links of text messages lead to."""

    def shorten(self, code: str, invoice_id: str) -> None:
        """Keeps where a code leads; one that is there already stays."""

    def shortened(self, code: str) -> str | None:
        """The invoice of a code; None: it is none of ours."""


class AttemptBook(Protocol):
    """Charge attempts: ours are reserved before they are made; everybody's use up the card."""

    def begin_attempt(
        self,
        row: AttemptRow,
        rules: NetworkRules,
        country: str | None = None,
        expiry: str | None = None,
        instead_of: AttemptRow | None = None,
    ) -> AttemptRow | Postpone | Refuse:
        """Reserves the attempt, in one transaction. `country` is where the card was issued, `expiry` its "12/2031".

        An existing (invoice, attempt) is returned as it stands. Else the uses of its card or account are counted across
        invoices and `rules` asked: allowed, the row is inserted as `started`; postponed or refused, only the record
        keeps it, once per moment, and the same number may ask again.

        instead_of: the reservation of an earlier run which the provider knows nothing of. Where `rules` allow it, it
        becomes one for the method and amount of `row`; where they do not allow another method, that is the answer.
        """

    def finish_attempt(
        self,
        invoice_id: str,
        attempt: int,
        outcome: ChargeOutcome,
        provider_id: str | None,
        decline: Decline | None,
        entry: Entry,
    ) -> None:
        """started → finished, with its entry in the record. Finished already: nothing happens."""

    def record_foreign_attempt(self, row: AttemptRow, event_id: str) -> None:
        """An attempt that was not ours (customer, other engine). Counted for the card or account. Once per event id."""

    def settle_attempt(
        self, invoice_id: str, attempt: int, outcome: ChargeOutcome, decline: Decline | None, entry: Entry
    ) -> None:
        """Processing → `outcome`: the bank has answered. Settled already: nothing happens."""

    def attempt_taken_back(
        self, invoice_id: str, attempt: int, outcome: ChargeOutcome, decline: Decline | None, entry: Entry
    ) -> None:
        """Paid → `outcome`: the money is gone again. Also if that was not told yet. Else nothing happens."""

    def uses_of(self, charge: NextCharge, window: timedelta) -> list[MethodUse]:
        """The charges of the same card or account that reached its network, over all invoices, oldest first."""

    def attempts_of(self, invoice_id: str) -> list[AttemptRow]:
        """Oldest first; ours and others'."""


class ContactBook(Protocol):
    """Contacts, each reserved before it is made."""

    def begin_contact(self, row: ContactRow, to: Address, rules: ContactRules) -> Contact:
        """Reserves (invoice, step, channel), in one transaction.

        One that stands is returned as it is, not the caller's to send. Else the customer's contacts within a week are
        counted across invoices, with all that went to the same address or number for somebody else, and `rules` asked.
        Allowed, it is the caller's: inserted, or one that had `failed`, or was `unreachable`, is `sending` again as
        `row` has it. Postponed or refused, only the record keeps it, once per moment; said with another invoice's
        message, nothing is written.
        """

    def finish_contact(
        self,
        invoice_id: str,
        step: str,
        channel: Channel,
        state: str,
        provider_id: str | None,
        entry: Entry,
    ) -> None:
        """sending → `state`, with its entry in the record. Finished already: nothing happens."""

    def contact_of(self, key: str) -> ContactRow | None:
        """The contact with this key (domain/ids.py)."""

    def place_of(self, key: str, channel: Channel) -> str | None:
        """What the place is compared by that the contact, or the notice, with this key went to on a channel."""

    def contacts(self, invoice_id: str) -> list[ContactRow]:
        """Oldest first."""

    def contact_heard(self, key: str, delivery: str, why: str, at: datetime) -> ContactRow | None:
        """What became of the contact with this key; None when there is none. What is told late or twice takes nothing
        back: a delivery does not undo a bounce."""


class AccessBook(Protocol):
    """How much of the service each case would leave. Those of one subscription belong together, and those of one
    customer that are for no subscription."""

    def wish_access(self, wish: AccessWish) -> Standing:
        """Keeps the case's wish, unless it has a newer one, and says what all of them come to, in one transaction."""

    def access_of(self, customer_id: str, subscription_id: str | None) -> Standing:
        """What the wishes of all open cases come to now."""


class EndpointBook(Protocol):
    """Who is told of what happens, of the merchant's systems."""

    def an_endpoint_takes(self, types: Collection[str]) -> bool:
        """Whether one that is not disabled is sent the events of all these types."""


class CustomerBook(Protocol):
    """Whom the cases are about."""

    def address(self, customer_id: str) -> Address: ...

    def customer(self, customer_id: str) -> CustomerRow | None:
        """All that is known of the customer now; None of one whom no case is about."""

    def recipient(self, customer_id: str) -> Recipient:
        """Address and closed channels, of one moment."""

    def closures(self, customer_id: str, opened_by: str = "") -> list[Closure]:
        """What holds of the closures of this customer and of the present addresses, the newest first, and what this
        event has opened of them. Of a customer that no case is about: by their own wishes alone."""

    def closures_at(self, channel: Channel, address: str, opened_by: str = "") -> list[Closure]:
        """What holds of the closures of one address (its key), and what this event has opened of them."""

    def open_channel(self, closures: Sequence[Closure], at: datetime, by: str) -> None:
        """These hold no more, by this event or order. Their rows stay, and the same event again closes nothing."""

    def close_channel(self, closure: Closure) -> None:
        """The address bounced, or the customer wants nothing there any more. Once per event id and channel."""

    def closed_channels(self, customer_id: str) -> dict[Channel, str]:
        """Channel → why it is closed to the customer's present address; the first reason, where there are several.

        By what was told of this address, whoever has it, and by this person's own wishes, whatever their address.
        """

    def customer_is(self, stated: CustomerRow) -> CustomerRow | None:
        """What the payment provider states of the customer now, all of it. What is new in it replaces what is known;
        what cannot be read erases nothing. A customer of whom no case is known stays unknown.

        The customer as they were before, where it was news; else None."""

    def customer_set(self, customer_id: str, fields: Mapping[str, str | datetime | None]) -> CustomerRow:
        """What the merchant says of these fields of the customer, whether a case is about them or not. It stands until
        the payment provider says something new of the same field.

        The customer as they were before."""

    def customers_at(self, channel: Channel, address: str) -> list[str]:
        """Ids of the customers who are reached there: two may share a number."""

    def keep_reply(self, reply: Reply) -> None:
        """Once per event id and customer."""

    def replies(self, customer_id: str) -> list[Reply]:
        """Oldest first."""

    def customer_deleted(self, customer_id: str) -> None:
        """The payment provider has the customer no more: from now on every channel is closed."""


class RecordBook(Protocol):
    """The append-only record of what was done, decided, postponed or refused."""

    def record_effect(self, invoice_id: str, entry: Entry, occasion: str = "") -> None:
        """Writes one entry, once per (invoice, step, what, occasion)."""

    def record(self, invoice_id: str) -> list[Entry]:
        """Oldest first; entries of one moment in the order in which they were written."""


class PolicyBook(Protocol):
    """Policies by content hash, as they were when a case began. They never change."""

    def keep_policy(self, digest: str, name: str, version: int, body: str) -> None:
        """Keeps the policy's JSON, once."""

    def policy(self, digest: str) -> str:
        """The JSON. Raises NotFound."""


class EventBook(Protocol):
    """Which events of providers have come in."""

    def provider_event(self, provider: str, event_id: str, kind: str, invoice_id: str | None, at: datetime) -> bool:
        """Records that an event came in. False: it had come before."""

    def event_known(self, provider: str, event_id: str) -> KnownEvent | None:
        """What `provider_event` has recorded of it; None: it has not come in yet."""


class DisputeBook(Protocol):
    """The customers' disputes, whether they have a case or not."""

    def dispute_opened(self, dispute_id: str, customer_id: str, at: datetime) -> None:
        """Once per id. One that is over stays so, also when its opening is told later than its end."""

    def dispute_ended(self, dispute_id: str, customer_id: str, outcome: str, at: datetime) -> None:
        """How it ended: the first outcome stands."""

    def open_disputes_of(self, customer_id: str) -> list[str]:
        """Ids, oldest first."""


class HandoffBook(Protocol):
    """Cases that went to an agency."""

    def record_handoff(self, invoice_id: str, handoff_id: str, reference: str, at: datetime) -> None:
        """Once per handoff id."""

    def was_handed_off(self, invoice_id: str) -> bool:
        """Whether an agency got the case, however that ended."""

    def handed_off_as(self, name: str) -> list[str]:
        """The invoices of the handoff with this id, or with this reference of the agency's: as a rule one."""


class Ledger(
    CaseBook,
    AttemptBook,
    ContactBook,
    NoticeBook,
    CallBook,
    ClosingBook,
    AccessBook,
    EndpointBook,
    CustomerBook,
    ConsentBook,
    ProtectionBook,
    TermsBook,
    CustomerDirectory,
    RecordBook,
    PolicyBook,
    EventBook,
    DisputeBook,
    HandoffBook,
    ShortLinkBook,
    PersonBook,
    Protocol,
):
    """The SQL record of what was said, charged and decided."""
