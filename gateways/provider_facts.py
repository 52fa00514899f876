"""What a payment provider's event says, in this system's words: one frozen model for each kind of fact.

A gateway makes them (`stripe_events.read`), and whoever takes them in needs to know no provider. A fact says what its
event says and no more: what an event leaves open is None, and is read from the provider by whoever needs it.
"""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from domain.base import Frozen
from domain.call_hours import CallTime
from domain.consent import Purpose
from domain.declines import RawDecline
from domain.events import AgencyReport, ContactResult, DisputeOutcome, MethodChange
from domain.money import Money
from domain.steps import Channel
from gateways.ports.payments import InvoiceSnapshot
from gateways.ports.rows import CustomerRow


class Wish(StrEnum):
    """What the words of somebody who answers a text message ask for."""

    STOP = "stop"
    NO_CALLS = "no_calls"  # only calls: texts go on
    NO_CONTACT = "no_contact"  # neither texts nor calls
    START = "start"
    YES = "yes"  # it takes a STOP back, as Twilio reads it; without one it is an answer like any other
    HELP = "help"
    WRONG_NUMBER = "wrong_number"  # whoever has the number is not the customer
    BANKRUPTCY = "bankruptcy"  # the customer is insolvent, by their own words
    DECEASED = "deceased"
    REPRESENTED = "represented"  # a lawyer speaks for the customer
    ERASURE = "erasure"  # the customer asks for their data to be erased


class MalformedEvent(Exception):
    """What should be a provider's event is not one. One sentence: what is missing, what is expected."""


class ForeignEvent(Exception):
    """The event is another account's, or of another mode than the key's. One sentence that says of which."""


class ProviderFact(Frozen):
    """What all facts have."""

    provider: str  # whose event it is, as the ledger names it: `stripe`
    event_id: str  # the provider's own, the same however often it delivers the event
    event_type: str  # the provider's own word, for the record only: nothing is decided by it
    at: datetime  # UTC, when it happened; whole seconds, so that distinct events may share it
    invoice_id: str | None = None  # what it is about, as far as the event names it
    caused_by_us: bool = False  # a request of this system about that invoice brought it about


class PaymentFailed(ProviderFact):
    """A charge of the invoice failed: the provider's own, the customer's or ours."""

    invoice_id: str
    customer: CustomerRow | None = None  # as the invoice states them: of the day on which it was made final
    counts: bool = True  # False: another event tells of this very failure, and only that one counts as an attempt
    by_program: bool = False  # another program of the merchant's has asked for the charge
    own_tries: int = 0  # how often the provider had tried again by itself, this one included


class InvoiceDue(ProviderFact):
    """An invoice that the customer pays on demand will be due soon, or is overdue."""

    invoice_id: str
    customer: CustomerRow | None = None  # as the invoice states them


class RenewalComing(ProviderFact):
    """A subscription renews soon: so far there is no invoice, and nothing has failed."""

    subscription_id: str
    customer_id: str
    renews_at: datetime  # UTC, when the next period begins


class PaymentSucceeded(ProviderFact):
    """Money came in for the invoice: all of what was due, or a part."""

    invoice_id: str
    amount: Money | None = None  # of this payment alone, where the event tells it
    invoice: InvoiceSnapshot | None = None  # as it was after the payment, where the event shows it


class InvoiceAltered(ProviderFact):
    """The invoice's state, or what is due on it, is not what it was."""

    invoice_id: str
    invoice: InvoiceSnapshot | None = None  # as it is now, where the event shows it
    credited: Money | None = None  # by a credit note: so much less is owed


class PaymentMoved(ProviderFact):
    """A payment is on its way now, or is no longer. `invoice_id` is its invoice, where the event names it."""

    payment_id: str
    customer_id: str | None = None
    key: str = ""  # the idempotency key of the request that moved it; empty when none did


class SubscriptionEnded(ProviderFact):
    """A subscription has ended, whoever ended it."""

    subscription_id: str
    customer_id: str


class MethodChanged(ProviderFact):
    """A payment method is new, or has new data. Whether anything would be charged on it, the fact does not tell."""

    customer_id: str | None = None  # None: the event names only the invoice
    change: MethodChange
    method_id: str | None = None  # None: the event does not tell which of the customer's
    # Inherited `invoice_id`: the only invoice that is concerned; None: any invoice of the customer may be.


class MethodGone(ProviderFact):
    """The customer has one payment method less. Whether anything would have been charged on it, the fact does not
    tell."""

    customer_id: str


class CustomerChanged(ProviderFact):
    """The customer's name, addresses, language or place are not what they were."""

    customer: CustomerRow = Field(repr=False)  # as the event shows it, all of it
    channels: tuple[Channel, ...] = ()  # where the customer is reached at another address than before
    moved: bool = False  # to another country or time zone, as far as the provider says
    method: MethodChanged | None = None  # the same event may tell of a new default payment method


class CustomerDeleted(ProviderFact):
    """The provider has the customer no more."""

    customer_id: str


class PaymentDisputed(ProviderFact):
    """The customer contests a payment at their bank. `invoice_id` is the contested payment's, where it is named."""

    dispute_id: str
    payment_id: str | None = None  # the contested payment, by which its invoice can be looked up
    charge_id: str | None = None  # and its charge, by which its customer can be
    customer_id: str | None = None


class DisputeEnded(ProviderFact):
    """A dispute is over, or a debit came back. `invoice_id` is the contested payment's, where it is named."""

    dispute_id: str
    outcome: DisputeOutcome  # WON, LOST or WITHDRAWN: what it means for each case, the event does not tell
    amount: Money | None = None  # what was contested
    returned: RawDecline | None = None  # a debit came back: the bank's answer. None: a dispute that was decided
    payment_id: str | None = None
    charge_id: str | None = None
    customer_id: str | None = None


class ContactHeard(ProviderFact):
    """What became of a contact, by its provider. `key` is the one that the contact was given (domain/ids.py)."""

    channel: Channel
    result: ContactResult
    key: str | None = None
    address: str | None = Field(default=None, repr=False)  # where it went
    why: str = ""  # the provider's words, without the address


class CustomerWrote(ProviderFact):
    """The customer answered a message, or wrote one unasked."""

    channel: Channel
    address: str = Field(repr=False)
    text: str = Field(repr=False)
    wish: Wish | None = None  # what the provider or the word itself takes it for


class CustomerChose(ProviderFact):
    """What a customer does without from now on, or when they want to be called, chosen by the link in an e-mail."""

    contact: str  # the key of the message with the link
    stop: tuple[Channel, ...]
    call_hours: tuple[CallTime, ...] | None = None  # None: not said; empty: whenever it is lawful


class CustomerConsented(ProviderFact):
    """What the customer wants on one channel or does without there, as the merchant's billing system has it."""

    customer_id: str
    channel: Channel
    wanted: bool
    proof: str = ""  # how the billing system knows
    purpose: Purpose = Purpose.SERVICE


class PersonChanged(ProviderFact):
    """Something protects the customer as a person, or no longer does: what it is, the ledger has."""

    customer_id: str


class AddressChanged(ProviderFact):
    """The merchant says that the customer is reached at another address there, or wants to be called at other hours
    (no channel): what it is, the ledger has."""

    customer_id: str
    channel: Channel | None


class AgencySaid(ProviderFact):
    """What a collections agency reports of a handoff."""

    handoff: str  # its id, or the agency's reference
    report: AgencyReport
    amount: Money | None = None  # what was paid, of a payment


class Ignored(ProviderFact):
    """The event says nothing that a case has to know."""

    reason: str  # one sentence


Fact = (
    PaymentFailed
    | InvoiceDue
    | RenewalComing
    | PaymentSucceeded
    | PaymentMoved
    | InvoiceAltered
    | SubscriptionEnded
    | MethodChanged
    | MethodGone
    | CustomerChanged
    | CustomerDeleted
    | PaymentDisputed
    | DisputeEnded
    | ContactHeard
    | CustomerWrote
    | CustomerChose
    | CustomerConsented
    | PersonChanged
    | AddressChanged
    | AgencySaid
    | Ignored
)
