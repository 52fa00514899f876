"""Steps: what one case does at one moment. A step's key never repeats within its case."""

from datetime import datetime
from enum import StrEnum

from domain.base import Message


class StepKind(StrEnum):
    """What a step does. Each kind is carried out by exactly one activity."""

    CHARGE = "charge"
    REMIND = "remind"
    RESTRICT = "restrict"
    RESTORE = "restore"
    CANCEL_SUBSCRIPTION = "cancel_subscription"
    HANDOFF = "handoff"
    RECALL = "recall"
    WRITE_OFF = "write_off"


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    NOTICE = "notice"


CHANNEL_NAMES = {Channel.EMAIL: "e-mail", Channel.SMS: "SMS", Channel.NOTICE: "in-app notice"}
"""As operators call them."""


class Stage(StrEnum):
    """The tone of a message. `action` is the mail that asks for a new card or a confirmation, at once."""

    FRIENDLY = "friendly"
    REMINDER = "reminder"
    FIRM = "firm"
    FINAL = "final"
    ACTION = "action"


class Access(StrEnum):
    """How much of the merchant's service the customer may use."""

    FULL = "full"
    READ_ONLY = "read_only"
    BLOCKED = "blocked"


class AttemptKind(StrEnum):
    """Why a charge was tried."""

    TIMELINE = "timeline"  # a try of the policy's timeline
    TECHNICAL = "technical"  # a quick try after a technical fault of the bank
    NEW_METHOD = "new_method"  # the one try after the customer changed the payment method
    CUSTOMER = "customer"  # the customer's own try
    OTHER_ENGINE = "other_engine"  # another system of the merchant, such as the provider's own retries


COUNTING = frozenset({AttemptKind.TIMELINE})
"""Attempts that use up the policy's budget and its tries per day."""
NON_COUNTING = frozenset(
    {AttemptKind.TECHNICAL, AttemptKind.NEW_METHOD, AttemptKind.CUSTOMER, AttemptKind.OTHER_ENGINE}
)
"""Attempts that do not: they count only towards the card networks' own ceilings."""
OURS = frozenset({AttemptKind.TIMELINE, AttemptKind.TECHNICAL, AttemptKind.NEW_METHOD})


HANDOFF_AGAIN = "handoff-again"
"""The key of the second delivery to an agency that did not acknowledge the first."""
RECALL_SECOND = "end-recall-second"
"""The key of the recall of that second delivery, where the agency made a file of its own of it."""


class Step(Message):
    """One step as it applies to one case. `due` is UTC, in the customer's allowed hours where it is a contact."""

    key: str
    kind: StepKind
    due: datetime
    day: int  # day of the timeline, for humans; 0 = the day the case was opened
    channel: Channel | None = None  # REMIND
    instead_of: Channel | None = None  # REMIND: the policy's channel, when that one is closed to this customer
    stage: Stage | None = None  # REMIND
    access: Access | None = None  # RESTRICT, RESTORE
    attempt_kind: AttemptKind | None = None  # CHARGE

    @property
    def title(self) -> str:
        """The step in a few words: `retry on day 3`, `firm e-mail on day 10`."""
        on = f"on day {self.day}" if self.day else "at once"
        match self.kind:
            case StepKind.CHARGE if self.attempt_kind is AttemptKind.TECHNICAL:
                return "quick retry after a technical fault"
            case StepKind.CHARGE if self.attempt_kind is AttemptKind.NEW_METHOD:
                return "try with the new payment method"
            case StepKind.CHARGE:
                return f"retry {on}"
            case StepKind.REMIND:
                return f"{(self.stage or Stage.FRIENDLY).value} {CHANNEL_NAMES[self.channel or Channel.EMAIL]} {on}"
            case StepKind.RESTRICT:
                return f"service {(self.access or Access.READ_ONLY).value.replace('_', '-')} {on}"
            case StepKind.RESTORE:
                return "service restored"
            case StepKind.CANCEL_SUBSCRIPTION:
                return f"subscription cancelled {on}"
            case StepKind.HANDOFF if self.key == HANDOFF_AGAIN:
                return "handoff repeated"
            case StepKind.HANDOFF:
                return f"handoff to collections {on}"
            case StepKind.RECALL:
                return "recall from collections"
            case StepKind.WRITE_OFF:
                return "invoice marked uncollectible"
