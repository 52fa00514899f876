"""The case: all that a decision needs to know of one failed invoice. `domain/apply.py` makes the next one."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import Field

from domain.base import Message
from domain.calendar import local
from domain.declines import CUSTOMER_MUST_ACT, RETRYABLE, Decline, DeclineClass
from domain.money import Money
from domain.policy import Policy
from domain.steps import COUNTING, OURS, Access, AttemptKind, Channel, Stage

NO_PAYMENT_METHOD = "no_payment_method"
"""Our own code for a charge that could not even be tried."""


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
    """A reason to do nothing for now."""

    OPERATOR_PAUSE = "operator_pause"
    DISPUTE = "dispute"
    OPERATOR_NEEDED = "operator_needed"  # misuse, a merchant-side decline: a human has to look
    PAYMENT_PROCESSING = "payment_processing"  # a bank debit is on its way


class ChargeOutcome(StrEnum):
    """What became of one charge attempt."""

    PAID = "paid"
    DECLINED = "declined"
    PROCESSING = "processing"  # a bank debit was accepted, its result comes later
    NOT_OPEN = "not_open"  # the invoice was already paid, void or uncollectible: nothing was charged
    REFUSED = "refused"  # a rule forbade the charge: nothing was charged


class Facts(Message):
    """What is known about the invoice and its customer when the case opens. No names, no addresses."""

    invoice_id: str
    customer_id: str
    subscription_id: str | None = None
    country: str  # ISO 3166-1 alpha-2, "" when unknown
    time_zones: tuple[str, ...] = Field(min_length=1)  # IANA; several when only the country is known
    language: str = "en"  # BCP 47
    segment: str = "any"
    amount: Money  # what was due when the case opened
    opened_at: datetime  # UTC, the moment the case opened: day 0 of the timeline
    tried_before: bool = True  # whether a charge was tried before the case opened
    holidays: tuple[date, ...] = ()  # public holidays of the country, pinned so that a replay decides the same


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
        return self.outcome not in (ChargeOutcome.NOT_OPEN, ChargeOutcome.REFUSED)


class StepState(StrEnum):
    DONE = "done"
    SKIPPED = "skipped"  # not done on purpose; the note says why
    REFUSED = "refused"  # a rule forbade it; the note names the rule


class StepRecord(Message):
    """What became of one step."""

    state: StepState
    at: datetime
    note: str = ""
    channel: Channel | None = None
    stage: Stage | None = None


class Postponement(Message):
    """A step could not be done because its provider did not answer in time."""

    until: datetime
    times: int


class Hold(Message):
    reason: HoldReason
    since: datetime
    note: str = ""
    until: datetime | None = None  # None: until somebody or something releases it


class Handoff(Message):
    """The case is with a collections agency."""

    at: datetime
    reference: str
    second_reference: str = ""  # of the delivery that was repeated because nobody acknowledged
    acknowledged_at: datetime | None = None
    reminded: bool = False
    returned: bool = False  # the agency gave up
    recalled: bool = False


class Closing(Message):
    """The end was decided; what is left are its effects."""

    outcome: Outcome
    why: str
    at: datetime


class Case(Message):
    """One case at one moment. Serialisable, so that it survives continue-as-new."""

    facts: Facts
    policy: Policy
    due: Money  # still to be paid
    decline: Decline | None = None  # the standing decline; None: nothing was tried or nothing stands in the way
    declined_at: datetime | None = None
    method: int = 0  # how often the payment method changed or the customer authenticated
    method_tried: int = 0  # up to which change the immediate try was made
    quick_since: datetime | None = None  # the decline that started the quick technical tries
    attempts: tuple[Attempt, ...] = ()
    steps: dict[str, StepRecord] = Field(default_factory=dict)
    postponed: dict[str, Postponement] = Field(default_factory=dict)  # step key → not before, provider unreachable
    holds: tuple[Hold, ...] = ()
    held_from: datetime | None = None  # when the first of the present holds began
    shift_days: int = 0  # local days that holds took from the timeline
    held_until: datetime | None = None  # when the newest hold that is over ended
    access: Access = Access.FULL
    access_unsure: bool = False  # a restriction was begun, and whether it happened is unknown
    handoff_begun: str | None = None  # the step of a handoff that may have reached the agency
    subscription_cancelled: bool = False
    closed_channels: dict[Channel, str] = Field(default_factory=dict)  # channel → why it is closed
    final_notice_at: datetime | None = None
    handoff: Handoff | None = None
    closing: Closing | None = None
    closed: bool = False
    seen: tuple[str, ...] = ()  # ids of events already applied, newest last
    journal: tuple[str, ...] = ()  # the last things that happened, one sentence each, for operators

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
    def stage(self) -> str:
        """The stage of the newest message; `silent` before the first."""
        sent = [r for r in self.steps.values() if r.state is StepState.DONE and r.stage]
        return max(sent, key=lambda record: record.at).stage or "silent" if sent else "silent"

    @property
    def tried(self) -> bool:
        """Whether any charge was ever tried: without one, no message may say that a payment failed."""
        return self.facts.tried_before or any(a.charged and a.code != NO_PAYMENT_METHOD for a in self.attempts)

    @property
    def our_attempts(self) -> tuple[Attempt, ...]:
        return tuple(a for a in self.attempts if a.kind in OURS and a.charged)

    @property
    def counting_attempts(self) -> tuple[Attempt, ...]:
        return tuple(a for a in self.attempts if a.kind in COUNTING and a.charged)

    @property
    def next_attempt_number(self) -> int:
        """The number of the next charge attempt; a number is never used twice, whatever became of the attempt."""
        return 1 + max((a.number for a in self.attempts), default=0)

    @property
    def decline_class(self) -> DeclineClass | None:
        """The standing decline's class; a code whose own tries are used up counts as `new_method`."""
        if self.decline is None:
            return None
        limit = self.decline.max_tries
        if self.decline.decline_class in RETRYABLE and limit is not None:
            tries = [a for a in self.our_attempts if a.method == self.method and a.code == self.decline.code]
            if len(tries) >= limit:
                return DeclineClass.NEW_METHOD
        return self.decline.decline_class

    @property
    def awaits_customer(self) -> bool:
        """Nothing is charged until the payment method changed or the customer authenticated."""
        return self.decline_class in CUSTOMER_MUST_ACT
