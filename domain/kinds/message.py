"""Messages to the customer: those of the timeline, and the one that asks at once for what only the customer can do."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from domain.base import Message, unchecked
from domain.calendar import local
from domain.case import Case, StepState
from domain.changes import begun, close_channel, done, ended, invoice_is, put_off, shown, stopped
from domain.choice import best_channel
from domain.consent import open_channel
from domain.forms import Form, one_of
from domain.gates import ALLOW, Answer, Postpone, Refuse, Stopped
from domain.habits import BEST, ChannelWish
from domain.invoice import InvoiceNow
from domain.reasons import cause
from domain.record import new_entry
from domain.rules.contacts import ContactCaps
from domain.rules.invoice import Aim
from domain.rules.lawful_caps import lawful_caps
from domain.rules.lawful_pauses import lawful_pauses
from domain.rules.lawful_words import LawfulWords, lawful_words
from domain.steps import CHANNEL_NAMES, DEMANDS, Channel, Stage, Step
from domain.tasks import Task
from domain.truth import MessageFacts, message_facts

if TYPE_CHECKING:
    from domain.schedule import Slot
    from domain.situation import Situation

_PATIENCE = timedelta(days=7)
"""How long a message waits for room in the customer's contacts."""
_LONGEST = timedelta(minutes=20)
"""How long a contact may be tried: what it says, and the hour it says it in, hold for minutes."""


class ContactTask(Task):
    """Say it on one channel, at most once."""

    channel: Channel
    facts: MessageFacts
    caps: ContactCaps | None = None  # None: of before there were any
    invoice: InvoiceNow | None = None  # as it was known when the message was decided on
    words: tuple[LawfulWords, ...] = ()  # what it has to name by the law of the place
    before: tuple[Channel, ...] = ()  # on which messages of the same decision go, whose turn comes first


new_task, new_caps = unchecked(ContactTask), unchecked(ContactCaps)


class ContactState(StrEnum):
    SENT = "sent"
    UNKNOWN = "unknown"  # it may have gone out; it is not sent twice to find out
    STOPPED = "stopped"  # as the invoice stands there is nothing to say: nothing was sent
    REFUSED = "refused"  # a rule forbade it for good: nothing was sent
    POSTPONED = "postponed"  # a rule allows it later: nothing was sent, and the step stays to be done
    UNREACHABLE = "unreachable"  # no address on this channel, or the provider will not deliver to it


class ContactOutcome(Message):
    state: ContactState
    invoice: InvoiceNow = InvoiceNow()  # as it was read right before
    provider_id: str | None = None
    why: str = ""
    postponed: Postpone | None = None  # POSTPONED: by which rule, and until when
    stopped: Stopped | None = None  # STOPPED: by what
    said_with: str | None = None  # SENT: by the message of this other invoice, which names this one


class MessageStep(Step):
    """One message on one channel."""

    name: ClassVar[str] = "message"
    channel: Channel
    stage: Stage
    planned: datetime  # UTC, before the contact hours were asked
    instead_of: Channel | None = None  # the policy's channel, when that one is closed to this customer

    activity: ClassVar[str] = "contact"
    task_type: ClassVar[type[Task]] = ContactTask
    result_type: ClassVar[type[Message]] = ContactOutcome
    only_newest: ClassVar[bool] = True
    says_what_comes: ClassVar[bool] = True
    holds_up_the_end: ClassVar[bool] = False

    @property
    def aim(self) -> Aim:
        return Aim.SAY

    @property
    def title(self) -> str:
        return f"{self.stage} {CHANNEL_NAMES[self.channel]} {self.when}"

    @property
    def warns(self) -> bool:
        return self.stage is Stage.FINAL

    @property
    def weight(self) -> tuple[Any, ...]:
        """Without a final notice the case would end unannounced: no other message takes its place."""
        return self.warns, self.day

    @property
    def newest_only(self) -> bool:
        return self.stage is not Stage.ACTION

    @property
    def may_be_left_out(self) -> bool:
        return not self.warns

    def asks(self, now: "Situation") -> Answer:
        if now.closed_channels and (closed := now.closed_channels.get(self.channel)):
            return Refuse(why=f"no channel is left to this customer ({self.channel.value}: {closed})")
        if self.planned < now.at and not self.warns and (warned := self._outdone(now)):
            return Refuse(why=f"the final notice of day {warned} went out before it could be sent, and says more")
        if self.instead_of and (same := _same_day_message(now, self)):
            return Refuse(why=f"{_named(now, self.instead_of)} is closed and {same} says the same")
        if self.planned <= now.at and now.at < (opens := now.contact_from(self.day, self.planned, self.channel)):
            why, rule = now.schedule.why_closed(self.planned, self.channel)
            return Postpone(until=opens, why=why, rule=rule or f"hours@{now.case.policy}")
        return ALLOW

    def opens(self, now: "Situation", at: datetime) -> datetime:
        return now.contact_from(self.day, at, self.channel)

    def beside(self, other: Step) -> bool:
        """Each on a channel of its own: what the first learns of a channel holds for the next one there."""
        return isinstance(other, MessageStep) and other.channel is not self.channel

    def after(self, task: Task, before: Sequence[Step]) -> Task:
        """What is said side by side draws on the same caps in the timeline's order, whichever is faster."""
        return task.but(before=tuple(step.channel for step in before if isinstance(step, MessageStep)))

    def said_by(self, others: Iterable[Step], now: "Situation") -> str | None:
        """A message of the timeline on the same channel and day names the cause and what to do as well; and a newer one
        takes the place of one that a rule has put off until then."""
        if self.stage is not Stage.ACTION:
            return self._overtaken_by(others, now)
        for other in others:
            if isinstance(other, MessageStep) and other.newest_only and other.channel is self.channel:
                goes = other.opens(now, max(other.due, now.at, now.not_before(other) or now.at))
                if now.schedule.date(goes) == now.today:
                    return f"the {other.title} says it on the same day"
        return None

    def _overtaken_by(self, others: Iterable[Step], now: "Situation") -> str | None:
        known = now.case.unfinished.get(self.key) if now.case.unfinished else None
        if known is None or known.rule is None or self.warns:
            return None
        newer = (other for other in others if other.day > self.day and other.due <= now.at)
        for other in newer:
            if isinstance(other, MessageStep) and other.newest_only and other.channel is self.channel:
                return f"put off until the {other.title} takes its place"
        return None

    def _outdone(self, now: "Situation") -> int | None:
        """The day of the final notice that went out while this one was held up: nothing milder follows it. What may
        have gone out itself is found out."""
        warned = now.warned_of_day if self.newest_only else None
        known = now.case.unfinished.get(self.key) if now.case.unfinished else None
        return warned if warned and self.day < warned and not (known and known.tried) else None

    def overtaken(self, day: int) -> str:
        return f"missed while the system was down; the message of day {day} takes its place"

    def why(self, now: "Situation") -> str:
        if self.stage is Stage.ACTION:
            what = "the bank account has to be verified" if now.case.invoice.verifying else cause(now.case)
            return f"{CHANNEL_NAMES[self.channel]} at once: {what}, which only the customer can put right"
        slot = now.slot_of(self)
        if slot and isinstance(slot.form, RemindForm) and slot.form.channel is None:
            return f"{self.title} of the timeline, on the channel that suits the customer best"
        swapped = f", in place of {_named(now, self.instead_of)}" if self.instead_of else ""
        return f"{self.title} of the timeline{swapped}"

    def task(self, now: "Situation", why: str) -> ContactTask:
        said = message_facts(now, self.stage)
        invoice = now.case.invoice
        return new_task(
            **self.common(now, why),
            channel=self.channel,
            facts=said,
            caps=self._caps(now),
            invoice=invoice,
            words=lawful_words(now.schedule.law, self.channel, local(now.at, now.zones[0]).date()),
        )

    def _caps(self, now: "Situation") -> ContactCaps:
        """No message is put off for ever, whatever other cases have to say; the end waits for the final notice."""
        wanted, law = now.policy.contacts, now.schedule.law
        return new_caps(
            per_week=wanted.per_week,
            distance=wanted.distance,
            policy=str(now.case.policy),
            patient_until=self._asked_from(now) + _PATIENCE,
            insists=self.warns,
            lawful=lawful_caps(law, self.channel, now.zones, now.at) if law.rules else (),
            pauses=lawful_pauses(law, self.channel, local(now.at, now.zones[0]).date()) if law.rules else (),
        )

    def _asked_from(self, now: "Situation") -> datetime:
        """Since when it waits for a rule: a charge that comes first may have held it up beyond its own time."""
        known = now.case.unfinished.get(self.key)
        if known is None or known.rule is None:
            return max(self.planned, now.at)
        return known.since or self.planned

    def deadline(self, now: "Situation") -> datetime | None:
        """Not past the hours in which it is allowed."""
        return min(now.at + _LONGEST, now.contacts_until(self.channel))

    def book(self, case: Case, task: Task, result: Any, at: datetime) -> Case:
        assert isinstance(result, ContactOutcome)  # noqa: S101 - by the registry

        def told(case: Case, what: str, why: str = "") -> Case:
            return shown(case, new_entry(at=at, step=self.key, what=what, why=why))

        match result.state:
            case ContactState.SENT | ContactState.UNKNOWN:
                said = "sent" if result.state is ContactState.SENT else "may have been sent, not repeated"
                said = f"said with {result.said_with}" if result.said_with else said
                case = done(case, self, at, said, unsure=result.state is ContactState.UNKNOWN)
            case ContactState.REFUSED:
                case = told(ended(case, self, StepState.REFUSED, at, result.why), "refused", result.why)
            case ContactState.POSTPONED if result.postponed:
                case = put_off(case, self, result.postponed, at)
            case ContactState.UNREACHABLE:
                # Not the end of the step: it goes out on the fallback channel.
                what = f"{CHANNEL_NAMES[self.channel]} not delivered"
                case = told(close_channel(case, self.channel, result.why), what, result.why)
            case ContactState.STOPPED if result.stopped:
                # A try before may have shown it: the answer of one that was lost is not asked for any more.
                case = stopped(case, self, result.stopped, at, "not sent", unsure=self._stands)
        return invoice_is(case, result.invoice, at, self.key)

    def lost(self, case: Case) -> Case:
        return begun(case, self) if self._stands else case

    @property
    def _stands(self) -> bool:
        """Once shown it stands until it is withdrawn."""
        return self.channel is Channel.NOTICE


new_step = unchecked(MessageStep)


class RemindForm(Form):
    word: ClassVar[str] = "remind"
    makes: ClassVar[tuple[type[Step], ...]] = (MessageStep,)
    speaks: ClassVar[bool] = True
    channel: ChannelWish
    # What only the customer can do is asked for by itself, when it is needed: contacts.action_request.
    stage: Annotated[Stage, one_of([stage for stage in DEMANDS if stage is not Stage.ACTION])]

    @property
    def warns(self) -> bool:
        return self.stage is Stage.FINAL

    @property
    def name(self) -> str:
        return f"{self.word}-{self.channel or BEST}-{self.stage}"

    def step(self, now: "Situation", slot: "Slot") -> MessageStep:
        known = now.schedule.steps
        if self.channel is None:
            wanted = channel_for(now, slot.key, None)
            return message(now, slot.key, slot.due, slot.entry.day, wanted, self.stage)
        step: MessageStep | None = None if now.closed_channels else known.get(slot.key)
        if step is None:
            step = message(now, slot.key, slot.due, slot.entry.day, self.channel, self.stage)
            if not now.closed_channels:
                known[slot.key] = step
        return step


def channel_for(now: "Situation", key: str, wish: Channel | None) -> Channel:
    """The channel that a step takes by the policy's wish; None: the best. One that was begun keeps its own: it may have
    gone out there, and is not said twice."""
    if wish is not None:
        return wish
    known = now.case.unfinished.get(key)
    if known and known.tried and isinstance(known.step, MessageStep):
        return known.step.channel
    return best_channel(now.policy.contacts.order, now.circumstances.habits, now.closed_channels)


def message(now: "Situation", key: str, at: datetime, day: int, wanted: Channel, stage: Stage) -> MessageStep:
    """A message that is planned for `at`, in the contact hours and on a channel that is open, if one is."""
    # A closed one is refused by `asks`.
    closed, fallback = now.closed_channels, now.policy.contacts.fallback
    channel = open_channel(wanted, closed, fallback, now.circumstances.habits.agreed) if closed else wanted
    return now.schedule.kept(
        (key, at, channel),
        lambda: new_step(
            key=key,
            due=now.contact_from(day, at, channel),
            planned=at,
            day=day,
            channel=channel,
            stage=stage,
            instead_of=wanted if channel is not wanted else None,
        ),
    )


def _named(now: "Situation", channel: Channel) -> str:
    """With the setting that is missing, where nothing is sent to anybody on it."""
    missing = now.circumstances.installation.closed_channels.get(channel)
    return f"{CHANNEL_NAMES[channel]} ({missing})" if missing else CHANNEL_NAMES[channel]


def stage_of(case: Case) -> str:
    """The stage of the newest message; `silent` before the first."""
    newest = case.newest(MessageStep)
    return str(newest.stage) if newest else "silent"


def _same_day_message(now: "Situation", step: MessageStep) -> str | None:
    """A message of the policy on the same day that goes, or went, on the channel that this one fell back to."""
    slot = now.slot_of(step)
    for other in now.schedule.slots:
        form = other.form
        if slot and other.entry is slot.entry and isinstance(form, RemindForm) and form.channel is step.channel:
            record = now.case.steps.get(other.key)
            if record is None or record.state is StepState.DONE:
                return f"the {CHANNEL_NAMES[step.channel]} of day {step.day}"
    return None
