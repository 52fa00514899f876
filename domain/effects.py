"""What the workflow asks of its activities, and what they answer. One pair of models per effect.

Every order carries `as_of`, the case's own time: every rule about hours, dates and budgets is read against it,
never against the worker's clock.
"""

from datetime import date, datetime
from enum import StrEnum

from domain.base import Message
from domain.case import ChargeOutcome, Outcome
from domain.declines import Decline, DeclineClass, Reason
from domain.events import InvoiceState
from domain.money import Money
from domain.record import Entry
from domain.steps import Access, AttemptKind, Channel, Stage


class Order(Message):
    """What all orders have in common."""

    invoice_id: str
    customer_id: str
    step: str  # the step's key
    as_of: datetime  # UTC, the workflow's time
    why: str  # the planner's one sentence
    notes: tuple[Entry, ...] = ()  # earlier decisions to be written to the record along with this one


class ChargeOrder(Order):
    attempt: int
    kind: AttemptKind
    method: int
    policy: str  # "standard@1"
    do_not_honor: DeclineClass = DeclineClass.RETRY_LATER


class ChargeResult(Message):
    outcome: ChargeOutcome
    invoice_state: InvoiceState = InvoiceState.OPEN
    remaining: Money | None = None  # still due after the attempt, as the provider says
    decline: Decline | None = None  # DECLINED
    rule: str | None = None  # REFUSED: the rule, with its edition
    why: str = ""
    not_before: datetime | None = None  # REFUSED: when the rule would allow it
    # Whose attempt it was, when not this order's: an earlier step's with the same number, unanswered until now.
    step: str | None = None
    kind: AttemptKind | None = None


class Ending(StrEnum):
    """What happens at the end, as the final notice names it."""

    COLLECTIONS = "collections"
    WRITE_OFF = "write_off"


class MessageFacts(Message):
    """What a message says, all of it true at `as_of`. Names, amounts and links are read when it is sent."""

    stage: Stage
    reason: Reason
    action: DeclineClass | None = None  # what the customer has to do, if retrying alone will not help
    tried: bool = True  # whether a charge was tried at all
    next_charge_on: date | None = None  # None: we will not try again by ourselves
    access: Access = Access.FULL
    restricts_on: date | None = None
    ends_on: date | None = None
    ending: Ending | None = None
    cancels: bool = True  # the subscription, if there is one, is cancelled at the end; a policy need not
    agency_from: Money | None = None  # the least amount that is handed over; None: what is due decides nothing

    def with_due(self, remaining: Money) -> "MessageFacts":
        """The facts for what is due at the moment of sending: it may have become too little for the agency."""
        if self.ending is None or self.agency_from is None or self.agency_from.currency != remaining.currency:
            return self
        ending = Ending.COLLECTIONS if self.agency_from <= remaining else Ending.WRITE_OFF
        return self.model_copy(update={"ending": ending})


class ContactOrder(Order):
    channel: Channel
    language: str
    facts: MessageFacts


class ContactState(StrEnum):
    SENT = "sent"
    UNKNOWN = "unknown"  # it may have gone out; it is not sent twice to find out
    NOT_OPEN = "not_open"  # the invoice no longer is: nothing was sent
    REFUSED = "refused"  # a rule forbade it for now or for good: nothing was sent
    UNREACHABLE = "unreachable"  # no address on this channel, or the provider will not deliver to it


class ContactOutcome(Message):
    state: ContactState
    invoice_state: InvoiceState = InvoiceState.OPEN
    remaining: Money | None = None
    provider_id: str | None = None
    why: str = ""


class AccessOrder(Order):
    access: Access
    subscription_id: str | None = None


class SubscriptionOrder(Order):
    subscription_id: str


class HandoffOrder(Order):
    amount: Money
    again: bool = False  # the agency did not acknowledge the first one
    begun_only: bool = False  # deliver only if an earlier run may have delivered, to learn the reference


class RecallOrder(Order):
    reference: str


class WriteOffOrder(Order):
    outcome: Outcome


class CloseOrder(Order):
    """Closes the case in the ledger. The last activity of every case."""

    outcome: Outcome
    remaining: Money
    attempts: int


class Done(Message):
    """An effect happened. `invoice_state` and `remaining` are what the activity read on its way, if it did."""

    detail: str = ""
    invoice_state: InvoiceState | None = None
    remaining: Money | None = None


class HandoffResult(Done):
    """A handoff. Without a reference none was made: `invoice_state` says why."""

    reference: str = ""
