"""What a case is told: facts (signals) and orders (updates, and signals from the Temporal UI).

One frozen model per message. Facts carry the provider's event id, by which the case knows a duplicate.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from domain.base import Message
from domain.calls import CallResult
from domain.case import ChargeOutcome
from domain.declines import Decline
from domain.invoice import InvoiceNow, MethodRef
from domain.moments import Countable, Moment
from domain.money import Money
from domain.steps import AttemptKind, Channel
from domain.texts import Printable, one_line

# What a case keeps has to fit into its next run's input, however often it is told: Temporal takes 2 MB.
EventId = Annotated[str, Field(min_length=1, max_length=255), Printable]
By = Annotated[str, Field(max_length=100), AfterValidator(one_line)]
Remark = Annotated[str, Field(max_length=500), AfterValidator(one_line)]
Amount = Annotated[Money, BeforeValidator(lambda given: Money.read(given) if isinstance(given, str) else given)]
"""Money, also as people write it in the Temporal UI: `"19.99 USD"`."""


class PaymentReceived(Message):
    """Money came in: from the customer, from our own charge, or outside the provider."""

    event_id: EventId
    amount: Amount
    remaining: Amount | None = None  # still due by the provider's account; None: what was due less `amount`
    overpaid: Amount | None = None  # what came in too much, by the provider's account
    paid: Amount | None = None  # all that has come in for the invoice, by the provider's account


class ReportedAttempt(Message):
    """A charge attempt that was not ours: the customer's own or another engine's. Or one of ours, by its number, whose
    answer came by another way than to its request."""

    at: Moment
    kind: AttemptKind = AttemptKind.CUSTOMER
    outcome: ChargeOutcome = ChargeOutcome.DECLINED
    decline: Decline | None = None
    number: int = Field(default=0, ge=0, le=100_000)  # of ours; 0: it was not ours
    step: Annotated[str, Field(max_length=100), AfterValidator(one_line)] = ""  # of ours


class InvoiceChanged(InvoiceNow):
    """The invoice is not what it was: a credit note, a void, an ended subscription, another engine's attempt."""

    event_id: EventId
    remaining: Amount | None = None
    paid: Amount | None = None
    attempt: ReportedAttempt | None = None
    read_now: bool = False  # asked for when it was told, and not shown by an event: more may be due than before


class MethodChange(StrEnum):
    NEW = "new"  # another card or account
    UPDATED = "updated"  # the same one with new data, by the customer or by the network's updater
    AUTHENTICATED = "authenticated"  # the customer confirmed the payment with the bank
    BESIDE = "beside"  # another one is on file, which would not be charged for this invoice


class PaymentMethodChanged(Message):
    event_id: EventId
    change: MethodChange = MethodChange.NEW
    method: MethodRef | None = None  # what would be charged now


class DisputeOpened(Message):
    event_id: EventId
    dispute_id: str = Field(default="", max_length=255)


class DisputeOutcome(StrEnum):
    WON = "won"  # the merchant's claim stands
    LOST = "lost"  # the customer need not pay
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"  # a bank sent a debit back that had paid a part: that part is owed once more
    ELSEWHERE = "elsewhere"  # lost, but over another invoice of the customer: this one is owed as before


class DisputeClosed(Message):
    event_id: EventId
    dispute_id: str = Field(default="", max_length=255)  # "": whichever was open
    outcome: DisputeOutcome


class ContactResult(StrEnum):
    DELIVERED = "delivered"
    READ = "read"  # the customer had it open, says the merchant's application or a chat
    BOUNCED = "bounced"
    OPTED_OUT = "opted_out"
    COMPLAINED = "complained"
    INVALID_ADDRESS = "invalid_address"
    UNDELIVERED = "undelivered"

    @property
    def words(self) -> str:
        """As records and reasons say it."""
        return self.value.replace("_", " ")


CLOSES_CHANNEL = frozenset(
    {ContactResult.BOUNCED, ContactResult.OPTED_OUT, ContactResult.COMPLAINED, ContactResult.INVALID_ADDRESS}
)
WISHES = frozenset({ContactResult.OPTED_OUT, ContactResult.COMPLAINED})
"""The customer's own wish: it holds for the person, not only for the address."""
NOT_ARRIVED = frozenset({ContactResult.BOUNCED, ContactResult.INVALID_ADDRESS, ContactResult.UNDELIVERED})
LEAVES_CHANNEL_OPEN = frozenset({ContactResult.DELIVERED, ContactResult.READ, ContactResult.UNDELIVERED})


class ContactReported(Message):
    """What became of a contact, or what the customer answered to it."""

    event_id: EventId
    channel: Channel
    result: ContactResult


class ContactChanged(Message):
    """The customer is reached at another address than before on these channels, is somewhere else, or wants to be
    called at other hours (`call_hours`)."""

    event_id: EventId
    channels: tuple[Channel, ...] = Field(max_length=len(Channel))
    call_hours: bool = False


class PersonChanged(Message):
    """Something protects the customer as a person, or no longer does: it is read with the next decision."""

    event_id: EventId


class CallReported(Message):
    """What came of a call that a person made."""

    event_id: EventId
    step: Annotated[str, Field(max_length=100), AfterValidator(one_line)] = ""  # of the timeline
    result: CallResult
    on: date | None = None  # PROMISE: the day by which it is paid, where the customer is
    amount: Amount | None = None  # PROMISE: what is promised; None: all of it


class AgencyReport(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    PAYMENT = "payment"
    RETURNED = "returned"  # the agency gives the case back without success


class AgencyReported(Message):
    event_id: EventId
    report: AgencyReport
    amount: Amount | None = None  # PAYMENT


class Order(Message):
    """What every order of an operator says."""

    by: By = "operator"
    note: Remark = ""
    expects: str = Field(default="", max_length=64)  # the version of the case that it is about; "": whichever it is


class Pause(Order):
    until: Annotated[datetime, Countable] | None = None


class Resume(Order):
    """Ends a pause, or a wait for an operator."""


class Settle(Order):
    """The debt is settled for `amount`, which the merchant has received or accepts as agreed."""

    amount: Amount
    paid: bool = False  # the merchant has it: it is recorded at the payment provider


class WriteOff(Order):
    """The debt is given up."""


class Skip(Order):
    """What comes next is left out."""

    step: str = Field(default="", max_length=255)  # its key, by which an order that comes late is known; "": whatever


class RetryNow(Order):
    """One charge at once, if every rule allows it."""


class HandOff(Order):
    """The announced end of the case is a handoff to the agency, whatever is due."""


class Recall(Order):
    """What the agency has is taken back."""


class ReopenChannel(Order):
    """The customer may be contacted on this channel again, as far as this case knows."""

    channel: Channel
