"""Calls to the customer. A step puts a task into the queue for a person of the merchant, and the case goes on."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator

from domain.base import Message, unchecked
from domain.calls import AUTOMATIC, CallWindow, MadeBy, Offer, in_utc
from domain.case import Case, StepState
from domain.changes import done, ended, invoice_is, stopped
from domain.forms import Form
from domain.gates import ALLOW, Answer, Refuse, Stopped
from domain.invoice import InvoiceNow
from domain.record import new_entry
from domain.rules.calls import STATED_HOURS, call_caps, call_windows, lawful_windows, no_hour
from domain.rules.contacts import ContactCaps
from domain.rules.invoice import Aim
from domain.steps import Channel, Step
from domain.tasks import Task
from domain.truth import MessageFacts, call_facts

if TYPE_CHECKING:
    from domain.schedule import Slot
    from domain.situation import Situation

PHONE = Channel.PHONE
_WHO = {
    MadeBy.PERSON: "a person",
    MadeBy.MACHINE: AUTOMATIC,
    MadeBy.MACHINE_OR_PERSON: f"{AUTOMATIC} or a person",
}


class CallTask(Task):
    """Put one call into the queue, once."""

    facts: MessageFacts
    caps: ContactCaps
    until: datetime  # UTC; after that the call is not made any more
    offers: tuple[Offer, ...] = ()
    windows: tuple[CallWindow, ...] = ()
    zones: tuple[str, ...] = ()  # the customer's clocks, as in `Facts`
    by: MadeBy = MadeBy.PERSON


new_task = unchecked(CallTask)


class CallQueued(Message):
    """It is in the queue, unless something stood in its way."""

    invoice: InvoiceNow = InvoiceNow()  # as it was read right before
    refused: Stopped | None = None  # by what, for good
    stopped: Stopped | None = None  # what was in the way, and until when


class CallStep(Step):
    """One call."""

    name: ClassVar[str] = "call"
    planned: datetime  # UTC, before the hours for calls were asked
    valid_days: int
    offers: tuple[Offer, ...] = ()
    by: MadeBy = MadeBy.PERSON

    activity: ClassVar[str] = "queue_call"
    task_type: ClassVar[type[Task]] = CallTask
    result_type: ClassVar[type[Message]] = CallQueued
    only_newest: ClassVar[bool] = True
    holds_up_the_end: ClassVar[bool] = False

    @property
    def aim(self) -> Aim:
        return Aim.SAY

    @property
    def title(self) -> str:
        return f"call {self.when}"

    @property
    def may_be_left_out(self) -> bool:
        return True

    def asks(self, now: "Situation") -> Answer:
        if why := now.closed_channels.get(PHONE):
            return Refuse(why=f"nobody is called: {why}")
        # By its own days, so that no time that passes makes it possible once they are over.
        days = timedelta(days=self.valid_days)
        if now.circumstances.call_hours and not call_windows(now, self.due, self.due + days):
            return Refuse(why=no_hour(self.valid_days), rule=STATED_HOURS)
        return ALLOW

    def opens(self, now: "Situation", at: datetime) -> datetime:
        return now.contact_from(self.day, at, PHONE)

    def why(self, now: "Situation") -> str:
        return f"{self.title} of the timeline: {_WHO[self.by]} calls within {_days(self.valid_days)}"

    def task(self, now: "Situation", why: str) -> CallTask:
        until = now.at + timedelta(days=self.valid_days)
        return new_task(
            **self.common(now, why),
            facts=call_facts(now),
            caps=call_caps(now, until),
            until=until,
            offers=self.offers,
            # What the customer wants is read when it is queued: it may be newer, and no history keeps it.
            windows=lawful_windows(now, now.at, until),
            zones=now.zones,
            by=self.by,
        )

    def book(self, case: Case, task: Task, result: Any, at: datetime) -> Case:
        assert isinstance(task, CallTask)  # noqa: S101 - by the registry
        assert isinstance(result, CallQueued)  # noqa: S101 - as above
        if result.refused:
            entry = new_entry(at=at, step=self.key, what="refused", why=result.refused.why, rule=result.refused.rule)
            case = ended(case, self, StepState.REFUSED, at, result.refused.why, entry=entry)
        elif result.stopped:
            case = stopped(case, self, result.stopped, at, "not put into the queue")
        else:
            case = done(case, self, at, f"in the queue until {in_utc(task.until)}")
        return invoice_is(case, result.invoice, at, self.key)


new_step = unchecked(CallStep)


class CallForm(Form):
    word: ClassVar[str] = "call"
    makes: ClassVar[tuple[type[Step], ...]] = (CallStep,)
    valid_days: int = Field(default=3, ge=1, le=14)  # the call is made within so many days, or not at all
    offers: tuple[Offer, ...] = (Offer.PROMISE, Offer.PAY_LINK)  # what may be offered
    by: MadeBy = MadeBy.PERSON

    @field_validator("offers")
    @classmethod
    def _each_once(cls, value: tuple[Offer, ...]) -> tuple[Offer, ...]:
        if len(set(value)) < len(value):
            raise ValueError("names an offer twice; name each once")
        return value

    def step(self, now: "Situation", slot: "Slot") -> CallStep:
        day, due = slot.entry.day, slot.due
        opens = now.contact_from(day, due, PHONE)
        return now.schedule.kept(
            (slot.key, opens, PHONE),
            lambda: new_step(
                key=slot.key,
                due=opens,
                planned=due,
                day=day,
                valid_days=self.valid_days,
                offers=self.offers,
                by=self.by,
            ),
        )


def _days(days: int) -> str:
    return f"{days} days" if days > 1 else "a day"
