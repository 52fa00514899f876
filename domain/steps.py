"""Steps: what one case does at one moment, and what every kind of step has to answer.

A kind is one subclass of `Step` in `domain/kinds/`, listed in `domain/registry.py`. Planner, workflow and simulation
know a step only by what stands here.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import GetCoreSchemaHandler, computed_field
from pydantic_core import CoreSchema, core_schema

from domain.base import Message
from domain.gates import ALLOW, Answer
from domain.retries import RetryOwner
from domain.rules.invoice import Aim
from domain.tasks import Done, Task

if TYPE_CHECKING:
    from domain.case import Case
    from domain.situation import Situation


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    NOTICE = "notice"
    WHATSAPP = "whatsapp"
    LINE = "line"
    LETTER = "letter"
    PHONE = "phone"  # a person of the merchant calls: nothing is written there


CHANNEL_NAMES = {
    Channel.EMAIL: "e-mail",
    Channel.SMS: "SMS",
    Channel.NOTICE: "in-app notice",
    Channel.WHATSAPP: "WhatsApp message",
    Channel.LINE: "LINE message",
    Channel.LETTER: "letter",
    Channel.PHONE: "call",
}
"""As operators call them."""
WRITTEN = tuple(channel for channel in Channel if channel is not Channel.PHONE)
"""Channels of messages. Who is called is spoken to by a person (`domain/kinds/call.py`)."""
CHATS = (Channel.WHATSAPP, Channel.LINE)
"""Texts in a chat application."""
TEXTS = (Channel.SMS, *CHATS)
"""They come to a telephone, at once: read in a moment, written in the short form, and able to wake somebody."""


class Stage(StrEnum):
    """The tone of a message. `action` is the mail that asks for a new card or a confirmation, at once; `closing` says
    how a case ended."""

    FRIENDLY = "friendly"
    REMINDER = "reminder"
    FIRM = "firm"
    FINAL = "final"
    ACTION = "action"
    CLOSING = "closing"


DEMANDS = tuple(stage for stage in Stage if stage is not Stage.CLOSING)
"""Of the messages that ask for money."""


class Access(StrEnum):
    """How much of the merchant's service the customer may use."""

    FULL = "full"
    READ_ONLY = "read_only"
    BLOCKED = "blocked"


class AttemptKind(StrEnum):
    """Why a charge was tried."""

    TIMELINE = "timeline"  # a try of the policy's timeline
    ORDERED = "ordered"  # a try that an operator ordered
    TECHNICAL = "technical"  # a quick try after a technical fault of the bank
    NEW_METHOD = "new_method"  # the one try after the customer changed the payment method
    OTHER_METHOD = (
        "other_method"  # of one on file that the provider would not use for this invoice, where a policy says so
    )
    CUSTOMER = "customer"  # the customer's own try
    OTHER_ENGINE = "other_engine"  # another system of the merchant, such as the provider's own retries


COUNTING = frozenset({AttemptKind.TIMELINE, AttemptKind.ORDERED, AttemptKind.OTHER_ENGINE})
"""Attempts that use up the policy's budget and its tries per day: the merchant's, whichever system makes them."""
NON_COUNTING = frozenset(
    {AttemptKind.TECHNICAL, AttemptKind.NEW_METHOD, AttemptKind.OTHER_METHOD, AttemptKind.CUSTOMER}
)
"""Attempts that do not: they count only towards the card networks' own ceilings."""
OURS = frozenset(
    {
        AttemptKind.TIMELINE,
        AttemptKind.ORDERED,
        AttemptKind.TECHNICAL,
        AttemptKind.NEW_METHOD,
        AttemptKind.OTHER_METHOD,
    }
)
OF_THE_INVOICES_METHOD = OURS - {AttemptKind.OTHER_METHOD}
"""Those of ours that were made on what the provider would charge: only their answers stand in the way of the next."""


class Step(Message):
    """One step as it applies to one case. Its key never repeats within the case."""

    key: str
    due: datetime  # UTC, in the customer's allowed hours where it is a contact
    day: int  # day of the timeline, for humans; 0 = the day the case was opened
    ends: bool = False  # the timeline's last step: when it is done, the case has had its chance

    name: ClassVar[str]
    """How its kind is called."""
    activity: ClassVar[str]
    """The name of the activity that carries it out."""
    task_type: ClassVar[type[Task]] = Task
    result_type: ClassVar[type[Message]] = Done

    comes_first: ClassVar[bool] = False
    """Goes before the steps of other kinds that are due at the same moment: what it brings decides about them."""
    one_at_a_time: ClassVar[bool] = False
    """Of several that are due together only the one of the greatest `weight` is done; the others are skipped."""
    only_newest: ClassVar[bool] = False
    """After an outage only those of the day with the greatest `weight` are done; the others are skipped."""
    may_limit: ClassVar[bool] = False
    """Whether it may take access away: nobody is limited who was told nothing."""
    says_what_comes: ClassVar[bool] = False
    """Tells the customer of what comes next: what is taken away waits for it."""
    holds_up_the_end: ClassVar[bool] = True
    """Whether the end waits for it even when its provider has not answered for hours."""

    may_be_skipped: ClassVar[bool] = True
    """Whether an operator may order that it is left out; the timeline's last step never is."""
    may_be_cut_off: ClassVar[bool] = True
    """Whether the end of the timeline leaves it undone when something has put it off beyond that."""

    @computed_field  # type: ignore[prop-decorator]  # mypy has no word for it
    @property
    def kind(self) -> str:
        """The name of its kind: in JSON always, by which the step is read back."""
        return self.name

    @property
    def title(self) -> str:
        """The step in a few words, for operators: `retry on day 3`."""
        raise NotImplementedError

    @property
    def when(self) -> str:
        if self.day < 0:
            return f"{-self.day} days before the due date"
        return f"on day {self.day}" if self.day else "at once"

    @property
    def warns(self) -> bool:
        """Whether it announces the end of the case."""
        return False

    @property
    def aim(self) -> Aim:
        """What it does with the debt: by this it is judged whether the invoice allows it."""
        raise NotImplementedError

    @property
    def weight(self) -> tuple[Any, ...]:
        """Which of several goes first (`one_at_a_time`, `only_newest`)."""
        return (self.day,)

    @property
    def may_be_left_out(self) -> bool:
        """Whether a policy without catching up drops it when it was missed."""
        return False

    @property
    def newest_only(self) -> bool:
        """Whether `only_newest` is about this very step."""
        return self.only_newest

    def asks(self, now: "Situation") -> Answer:
        """The kind's own answer: may it be done as things stand? Other gates are asked besides (domain/rules/)."""
        return ALLOW

    def opens(self, now: "Situation", at: datetime) -> datetime:
        """The first moment from `at` on at which it may be done."""
        return at

    def timely(self, now: "Situation") -> datetime:
        """When it would have been done by whoever had been there: it is late by what has passed since."""
        return self.due

    def waits_for(self, other: "Step", at: datetime, now: "Situation") -> bool:
        """Whether `other`, still to be done, has to be done before this one at `at`."""
        return False

    def is_an_end(self, now: "Situation") -> bool:
        """Whether it is done only after a notice of it certainly went out, or a human said so."""
        return self.ends

    def beside(self, other: "Step") -> bool:
        """Whether it may run in one wake-up with another one that is due as well: neither needs the other's result."""
        return False

    def after(self, task: Task, before: Sequence["Step"]) -> Task:
        """The task that knows what is done beside it, and whose turn comes first where there is not room for all."""
        return task

    def said_by(self, others: Iterable["Step"], now: "Situation") -> str | None:
        """Why one of the others makes it needless today, or None."""
        return None

    def overtaken(self, day: int) -> str:
        """Why it is not done when one of a later day is made up for (`only_newest`)."""
        return f"missed while the system was down; that of day {day} takes its place"

    def why(self, now: "Situation") -> str:
        """Why it is done now, in one sentence for operators."""
        raise NotImplementedError

    def why_later(self, now: "Situation", until: datetime) -> str | None:
        """Why it is not done before `until`, where `why` would not be true yet; None: `why` and the date say it."""
        return None

    def task(self, now: "Situation", why: str) -> Task:
        """What its activity gets: everything besides what it reads anew."""
        return self.task_type(**self.common(now, why))

    def deadline(self, now: "Situation") -> datetime | None:
        """Until when the activity may be tried before the case looks again; None: as usual."""
        return None

    def book(self, case: "Case", task: Task, result: Any, at: datetime) -> "Case":
        """The case after the activity's answer."""
        raise NotImplementedError

    def lost(self, case: "Case") -> "Case":
        """The case when the activity ended without an answer: what cannot be looked up may have happened."""
        return case

    def common(self, now: "Situation", why: str) -> dict[str, Any]:
        """The fields that all tasks share."""
        facts = now.case.facts
        return {
            "invoice_id": facts.invoice_id,
            "customer_id": facts.customer_id,
            "step": self.key,
            "as_of": now.at,
            "why": why,
            # What a decided end still needs, whoever decided it, waits for no try.
            "waits": now.case.retry_owner is RetryOwner.STRIPE and now.end is None,
        }


KINDS: dict[str, type[Step]] = {}
"""Every kind of step by its name. Filled by `domain/registry.py`, and only there."""


class _OfAnyKind:
    """How a step is read from JSON: by the name of its kind."""

    @staticmethod
    def __get_pydantic_core_schema__(source: type[Step], handler: GetCoreSchemaHandler) -> CoreSchema:
        # Known once the kinds are: their files are imported by nobody before.
        import domain.registry  # noqa: F401, PLC0415

        known = core_schema.tagged_union_schema({name: handler(kind) for name, kind in KINDS.items()}, "kind")
        later = core_schema.no_info_before_validator_function(read_step, handler(source))
        # Written as what it is, whatever kind that is.
        written = core_schema.simple_ser_schema("any")
        return core_schema.union_schema([known, later], mode="left_to_right", serialization=written)


def read_step(value: Any) -> Any:
    """A step of a kind that was registered later from its JSON. Raises ValueError for one that this release does not
    know."""
    if not isinstance(value, dict):
        return value
    kind = KINDS.get(str(value.get("kind")))
    if kind is None:
        raise ValueError(f"there is no kind of step {value.get('kind')!r}; known are {', '.join(KINDS)}")
    return kind.model_validate(value)


AnyStep = Annotated[Step, _OfAnyKind]
