"""The case: all that a decision needs to know of one failed invoice. `domain/life.py` says how the next one is made."""

import hashlib
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

from pydantic import ConfigDict, Field

from domain.agency import Handoff
from domain.base import Message, unchecked
from domain.calendar import local
from domain.call_hours import CallTime
from domain.declines import CUSTOMER_MUST_ACT, RETRYABLE, Decline, DeclineClass
from domain.gates import Postpone, Refuse
from domain.habits import UNKNOWN, Habits
from domain.installation import COMPLETE, Installation
from domain.invoice import InvoiceNow, MethodRef
from domain.money import Money
from domain.outgoing import CaseHeld, OperatorNeeded, Outgoing
from domain.outside import OutsidePayment
from domain.protection import Protected, Protection
from domain.record import Entry
from domain.retries import CLEAR_OF, RetryOwner
from domain.rules.local_law import NO_LAW, LocalLaw
from domain.steps import COUNTING, OF_THE_INVOICES_METHOD, OURS, AnyStep, AttemptKind, Channel, Step

S = TypeVar("S", bound=Step)

NO_PAYMENT_METHOD = "no_payment_method"
"""Our own code for a charge that could not even be tried."""
ACCOUNT_VERIFICATION = "account_verification"
"""Our own code for a debit that waits until the customer has confirmed the small deposits on the account."""
CUSTOMER_DELETED = "customer_deleted"
"""Our own code for a charge of somebody who is no customer any more."""
NOT_CHARGEABLE = "not_chargeable"
"""Our own code for a charge that the provider refuses for this customer without one of its own."""

_ONCE_KINDS_ARE_KNOWN = ConfigDict(defer_build=True)
"""Of what has a step in it, whose reader knows each kind: they read this file in turn (domain/registry.py)."""


class Outcome(StrEnum):
    """How a case ended."""

    RECOVERED = "recovered"
    SETTLED = "settled"
    PLAN_COMPLETED = "plan_completed"
    COLLECTIONS = "collections"
    WRITTEN_OFF = "written_off"
    CANCELLED = "cancelled"


class CaseStatus(StrEnum):
    OPEN = "open"
    ON_HOLD = "on_hold"
    WITH_AGENCY = "with_agency"
    CLOSED = "closed"


class HoldReason(StrEnum):
    """A reason to stand still."""

    OPERATOR_PAUSE = "operator_pause"
    DISPUTE = "dispute"
    OPERATOR_NEEDED = "operator_needed"  # misuse, a merchant-side decline: a human has to look
    PAYMENT_PROCESSING = "payment_processing"  # a bank debit is on its way
    # The person is protected (`Protection`): no machine does anything.
    BANKRUPTCY = Protection.BANKRUPTCY.value
    DECEASED = Protection.DECEASED.value
    REPRESENTED = Protection.REPRESENTED.value
    HARDSHIP = Protection.HARDSHIP.value
    BREATHING_SPACE = Protection.BREATHING_SPACE.value
    ERASURE = Protection.ERASURE.value

    @property
    def in_words(self) -> str:
        return self.value.replace("_", " ")


PROTECTIONS = frozenset(HoldReason(protection.value) for protection in Protection)
"""The holds of a person who is protected: those of all of their cases, set and ended in the ledger alone."""


class ChargeOutcome(StrEnum):
    """What became of one charge attempt."""

    PAID = "paid"
    DECLINED = "declined"
    PROCESSING = "processing"  # a bank debit was accepted, its result comes later
    NOT_OPEN = "not_open"  # the invoice was already paid, void or uncollectible: nothing was charged
    REFUSED = "refused"  # a rule forbids it, or no number was left to try it under: nothing was charged
    KEY_SPENT = "key_spent"  # nothing was charged under this number, and nothing will be: the next one may be tried
    TAKEN_BACK = "taken_back"  # it was paid, and the customer won a dispute over it since
    POSTPONED = "postponed"  # a rule allows it later: nothing was charged, and the step stays to be done
    STOPPED = "stopped"  # as the invoice stands nothing may be charged on it: nothing was


_NOT_CHARGED = (ChargeOutcome.NOT_OPEN, ChargeOutcome.REFUSED, ChargeOutcome.KEY_SPENT)


class PolicyRef(Message):
    """Which policy a case follows, for its whole life: the ledger keeps every version by its digest."""

    name: str
    version: int
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


class Facts(Message):
    """What is known about the invoice and its customer when the case opens. No names, no addresses."""

    invoice_id: str
    customer_id: str
    subscription_id: str | None = None
    country: str  # ISO 3166-1 alpha-2, "" when unknown
    time_zones: tuple[str, ...] = Field(min_length=1)  # IANA; several when only the country is known
    place_known: bool = True  # False: the zones are those where the merchant sells, and the customer may be in any
    segment: str = "any"
    amount: Money  # what was due when the case opened
    opened_at: datetime  # UTC, the moment the case opened: day 0 of the timeline
    tried_before: bool = True  # whether a charge was tried before the case opened
    reopens: str | None = None  # the invoice whose payment was taken back, which this one bills anew
    contested: bool = False  # the customer won a dispute over that payment: nothing is charged by itself any more


class Whereabouts(Message):
    """Where the customer is now. By it contact hours are judged; the dates of a timeline stay where it began."""

    country: str  # ISO 3166-1 alpha-2, "" when unknown
    time_zones: tuple[str, ...] = Field(min_length=1)  # IANA, as in `Facts`
    region: str = ""  # US state or Canadian province (ISO 3166-2 without the country), "" when unknown
    possible: tuple[str, ...] = ()  # without a country: those in which clocks go like these

    @property
    def place(self) -> str:
        """`TH`, `US-MA`."""
        return f"{self.country}-{self.region}" if self.region else self.country

    @property
    def places(self) -> tuple[str, ...]:
        """Every place that it may be."""
        return (self.place,) if self.country else self.possible


class Limit(Message):
    """What a card network or a rail says to one more charge of the method on file, counted over all invoices."""

    answer: Postpone | Refuse
    spent: bool = False  # it takes another method to go on


class Circumstances(Message):
    """What is known of customer and place at the moment of a decision, beyond the case itself. Read anew each time."""

    whereabouts: Whereabouts | None = None  # None: nothing says more than when the case opened
    holidays: frozenset[date] = frozenset()  # public holidays where the customer lives
    closed_channels: dict[Channel, str] = Field(default_factory=dict)  # channel → why it is closed, in any case
    too_small: Refuse | None = None  # why what is due cannot be charged at all
    limit: Limit | None = None  # None: the method on file may be charged
    installation: Installation = COMPLETE
    habits: Habits = UNKNOWN  # how the customer likes to be reached
    law: LocalLaw = NO_LAW  # of the place where the customer is, or of those where they may be
    opted_in: frozenset[Channel] = frozenset()  # to messages of the account; read where the law asks for it
    protections: tuple[Protected, ...] = ()  # what protects the person from everything, one of a kind
    call_hours: tuple[CallTime, ...] = ()  # in which the customer wants to be called; none: whenever it is lawful


class Attempt(Message):
    """One charge attempt."""

    number: int  # 1, 2, … over our own attempts of this case; 0 for an attempt that was not ours
    kind: AttemptKind
    at: datetime
    outcome: ChargeOutcome
    method: int = 0  # how often the payment method had changed before
    decline_class: DeclineClass | None = None
    code: str | None = None
    step: str = ""

    @property
    def charged(self) -> bool:
        """Whether it went to the provider at all."""
        return self.outcome not in _NOT_CHARGED


new_attempt = unchecked(Attempt)


class StepState(StrEnum):
    DONE = "done"
    SKIPPED = "skipped"  # not done on purpose; the note says why
    REFUSED = "refused"  # it was forbidden; the note says by what


_DONE = StepState.DONE


class StepRecord(Message):
    """What became of one step."""

    model_config = _ONCE_KINDS_ARE_KNOWN

    step: AnyStep
    state: StepState
    at: datetime
    note: str = ""
    unsure: bool = False  # not done, but an earlier try of it may have been; of a message: it may not have arrived


new_step_record = unchecked(StepRecord)


class Unfinished(Message):
    """What is known of a step that is still to be done, after a try without an answer or a rule's "later"."""

    model_config = _ONCE_KINDS_ARE_KNOWN

    step: AnyStep
    not_before: datetime | None = None  # None: at its own time
    times: int = 0  # tries whose provider did not answer
    trouble: str = ""  # what kept the last of them from being answered
    begun: bool = False  # it may have happened
    rule: str | None = None  # the rule that put it off; None: the provider's silence did
    since: datetime | None = None  # when a rule first put it off; None: none did, or an older release wrote this

    @property
    def tried(self) -> bool:
        """Whether a provider was asked to do it, so that it may have happened."""
        return self.begun or self.times > 0


class Hold(Message):
    reason: HoldReason
    since: datetime
    note: str = ""
    until: datetime | None = None  # None: until somebody or something releases it

    def __str__(self) -> str:
        return f"{self.reason.in_words}: {self.note}"

    @property
    def event(self) -> Outgoing:
        """An operator's remark stays here; why an operator is needed is a sentence of ours."""
        if self.reason is HoldReason.OPERATOR_NEEDED:
            return OperatorNeeded()
        return CaseHeld(reason=self.reason, until=self.until)


class OrderedTry(Message):
    """The try that an operator ordered last."""

    number: int  # 1, 2, … over those of this case
    at: datetime


class Closing(Message):
    """The end was decided; what is left are its effects."""

    outcome: Outcome
    why: str
    at: datetime
    settled_for: Money | None = None  # what came in by a settlement, and closed the rest


class Case(Message):
    """One case at one moment. Serialisable, so that it survives continue-as-new and the loss of Temporal."""

    model_config = _ONCE_KINDS_ARE_KNOWN

    facts: Facts
    policy: PolicyRef
    retry_owner: RetryOwner = RetryOwner.OURS  # as the policy names it
    due: Money  # still to be paid
    paid: Money | None = None  # what had come in when the case opened, and all that was told since; None: not seen yet
    invoice: InvoiceNow = InvoiceNow()  # as it was last read, or told
    outside: tuple[OutsidePayment, ...] = ()  # payments that the provider was not told of by itself
    decline: Decline | None = None  # the standing decline; None: nothing was tried or nothing stands in the way
    declined_at: datetime | None = None
    refused: tuple[Decline, ...] = ()  # standing declines of other methods, by which those are not charged again
    tried_method: MethodRef | None = None  # the one that we charged last
    method_changes: int = 0  # how often the payment method changed or the customer authenticated
    beside: int = 0  # how often the customer put one on file that the provider would not use for this invoice
    quick_since: datetime | None = None  # the decline that started the quick technical tries
    attempts: tuple[Attempt, ...] = ()
    steps: dict[str, StepRecord] = Field(default_factory=dict)
    unfinished: dict[str, Unfinished] = Field(default_factory=dict)
    put_off: dict[str, datetime] = Field(default_factory=dict)  # step → until when rules put it off, as recorded
    holds: tuple[Hold, ...] = ()
    disputes: dict[str, bool] = Field(default_factory=dict)  # the customer's, by id: whether it is still open
    held_from: datetime | None = None  # when the first of the present holds began
    shift_days: int = 0  # local days that holds took from the timeline
    held_until: datetime | None = None  # when the newest hold that is over ended
    closed_channels: dict[Channel, str] = Field(default_factory=dict)  # channel → why, as this case was told
    end_asked: datetime | None = None  # when a human was asked about an end of which no notice certainly arrived
    refund_due: Money | None = None  # what came in twice: the merchant has to give it back
    handoff: Handoff | None = None
    closing: Closing | None = None
    closed: bool = False
    seen: tuple[str, ...] = ()  # ids of events already applied, newest last
    record: tuple[Entry, ...] = ()  # the last things that happened, for operators
    unwritten: tuple[Entry, ...] = ()  # what the ledger has not got yet
    waits_for: str = ""  # the wait that was recorded last: the same one is not recorded again
    upcoming: AnyStep | None = None  # what it waits for with that, if it is a step
    try_ordered: OrderedTry | None = None
    handoff_ordered: bool = False  # its end is a handoff, whatever is due
    recall_ordered: bool = False  # what the agency has is taken back
    link_asked_at: datetime | None = None  # when the customer asked for the link to pay, on the telephone
    occasions: tuple[str, ...] = ()  # on which something was left to do towards the customer (closing_messages.py)

    @property
    def version(self) -> str:
        """By which one knows whether it changed since it was read."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    @property
    def zone(self) -> str:
        return self.facts.time_zones[0]

    @property
    def opened_on(self) -> date:
        """Day 0 in the customer's time zone."""
        return local(self.facts.opened_at, self.zone).date()

    @property
    def status(self) -> CaseStatus:
        if self.closed:
            return CaseStatus.CLOSED
        if self.holds:
            return CaseStatus.ON_HOLD
        return CaseStatus.WITH_AGENCY if self.handoff else CaseStatus.OPEN

    @property
    def tried(self) -> bool:
        """Whether any charge was ever tried: without one, no message may say that a payment failed.

        An invoice that was sent is the customer's to pay: what they tried, they know.
        """
        return not self.invoice.sent and self._was_tried

    @property
    def _was_tried(self) -> bool:
        return self.facts.tried_before or any(a.charged and a.code != NO_PAYMENT_METHOD for a in self.attempts)

    @property
    def takes_nothing_before(self) -> datetime | None:
        """Where Stripe makes all tries: until when its next one, which customers were told of, is not over (UTC)."""
        planned = self.invoice.next_try_at
        return planned + CLEAR_OF if planned and self.retry_owner is RetryOwner.STRIPE else None

    @property
    def our_attempts(self) -> tuple[Attempt, ...]:
        return tuple([a for a in self.attempts if a.kind in OURS and a.charged])

    def ours(self, number: int) -> Attempt | None:
        """The attempt of ours with a number, if the case knows it."""
        return next((a for a in self.attempts if a.kind in OURS and a.number == number), None)

    @property
    def counting_attempts(self) -> tuple[Attempt, ...]:
        return tuple([a for a in self.attempts if a.kind in COUNTING and a.outcome not in _NOT_CHARGED])

    @property
    def next_attempt_number(self) -> int:
        """The number of the next charge attempt; a number is never used twice, whatever became of the attempt."""
        return 1 + max([a.number for a in self.attempts], default=0)

    @property
    def method_tried(self) -> int:
        """Up to which change of the payment method a charge of ours was tried."""
        tried = [a.method for a in self.attempts if a.kind in OURS and a.outcome is not ChargeOutcome.KEY_SPENT]
        return max(tried, default=0)

    @property
    def decline_class(self) -> DeclineClass | None:
        """The standing decline's class; a code whose own tries are used up counts as `new_method`."""
        if self.decline is None:
            return None
        limit = self.decline.max_tries
        if limit is not None and len(self.attempts) >= limit and self.decline.decline_class in RETRYABLE:
            same = self.decline.code, self.method_changes
            tries = [a for a in self.attempts if (a.code, a.method) == same and a.kind in OF_THE_INVOICES_METHOD]
            if len(tries) >= limit:
                return DeclineClass.NEW_METHOD
        return self.decline.decline_class

    @property
    def awaits_customer(self) -> bool:
        """Nothing is charged until the payment method changed or the customer authenticated."""
        return self.decline_class in CUSTOMER_MUST_ACT

    def newest(self, kind: type[S]) -> S | None:
        """The step of a kind that was done last."""
        for record in reversed(self.steps.values()):
            if type(record.step) is kind and record.state is _DONE:
                return record.step
        return None
