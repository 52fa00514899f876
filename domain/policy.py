"""The policy: one timeline for charges, messages, service restriction and the end. YAML in, this model out."""

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationInfo, field_validator, model_validator

from domain.base import Frozen
from domain.calendar import Clock, ContactHours, Paydays, is_zone
from domain.closed import Closings
from domain.codes import Country
from domain.declines import DeclineClass
from domain.forms import FORMS, Form, one_of, write_form
from domain.habits import BEST, ChannelWish, Written
from domain.money import Amounts, Money
from domain.renewal import Renewals
from domain.retries import OtherMethods, RetryOwner
from domain.rules.invoice import CancelledSubscription
from domain.sentences import ByWord
from domain.steps import Channel


class CatchUp(StrEnum):
    """What happens to steps whose time passed while the system was down."""

    LATEST = "latest"  # only the newest missed message, at most one charge; the others are recorded as skipped
    ALL = "all"  # every one, in order
    NONE = "none"  # none but the final notice and the end


class TakenBack(StrEnum):
    """What follows when money that had ended a case is taken back: by the bank, or by a dispute that was lost."""

    OPERATOR = "operator"  # the operators are told
    REOPEN = "reopen"  # it is billed anew, and the new invoice has a case


STORED = object()
"""The context in which a policy is read that cases follow already."""


def _read_form(value: Any, info: ValidationInfo) -> Any:
    # Known once the kinds are: their files are imported by nobody before.
    from domain.registry import read_form  # noqa: PLC0415

    return read_form(value, extra="ignore" if info.context is STORED else None)


AnyForm = Annotated[Form, BeforeValidator(_read_form), PlainSerializer(write_form), ByWord(FORMS)]


class TimelineEntry(Frozen):
    """One day of the timeline."""

    day: int = Field(ge=-60, le=365)  # before day 0 only in a policy for sent invoices
    at: Clock | None = None  # local time; None: the policy's time_of_day
    do: tuple[AnyForm, ...] = Field(min_length=1)


class Retries(Frozen):
    owner: RetryOwner = RetryOwner.OURS  # who tries again: this system, or Stripe by itself
    other_methods: OtherMethods = OtherMethods.ASK  # on file, where the one that Stripe would charge cannot pay
    max_attempts: int = Field(ge=0, le=15)  # counting attempts per case; 15 is the oldest network ceiling still quoted
    max_per_day: int = Field(ge=1, le=4)  # counting attempts per local day
    quick: tuple[
        Annotated[timedelta, Field(gt=timedelta(0))], ...
    ] = ()  # after a technical fault, from the first one on
    paydays: Paydays = Paydays()
    payday_min_wait: timedelta = Field(default=timedelta(hours=48), ge=timedelta(0))
    do_not_honor: Annotated[DeclineClass, one_of([DeclineClass.RETRY_LATER, DeclineClass.NEW_METHOD])] = (
        DeclineClass.RETRY_LATER
    )
    new_methods_per_day: int = Field(default=3, ge=1, le=10)  # immediate tries of changed methods, per local day


class Contacts(Frozen):
    hours: ContactHours
    action_request: ChannelWish = Channel.EMAIL
    order: tuple[Written, ...] = Field(default=(Channel.EMAIL, Channel.SMS), min_length=1)  # of `best`, the first first
    fallback: dict[Written, Written] = Field(default_factory=dict)  # when a channel is closed to this customer
    # Of one person, over all their cases; notices are not counted.
    per_week: int = Field(default=7, ge=1)
    distance: timedelta = Field(default=timedelta(0), ge=timedelta(0), le=timedelta(days=7))
    set_aside: tuple[str, ...] = ()  # ids of practices of places (policies/rules/law) that are not kept; never law
    registered: tuple[str, ...] = ()  # ids of rules for which the merchant has registered senders and templates
    access_notice_days: int = Field(default=0, ge=0, le=30)  # a restriction comes no sooner after it was announced

    @field_validator("fallback")
    @classmethod
    def _another_channel(cls, value: dict[Channel, Channel]) -> dict[Channel, Channel]:
        for channel, other in value.items():
            if channel is other:
                raise ValueError(f"{channel} is its own fallback; name another channel, or leave it out")
        return value

    @field_validator("order")
    @classmethod
    def _each_once(cls, value: tuple[Channel, ...]) -> tuple[Channel, ...]:
        if len(set(value)) < len(value):
            raise ValueError("names a channel twice; name each once")
        return value


class Admission(Frozen):
    """Which failed invoices become cases at all."""

    one_off_invoices: bool = True  # those that are for no subscription
    minimum: Amounts = ()  # per currency: less than this is no case


class Collections(Frozen):
    minimum: Amounts = ()  # per currency; a currency without a row is written off
    acknowledge_within_days: int = Field(default=5, ge=1)
    deadline_days: int = Field(default=60, ge=1)

    def accepts(self, due: Money) -> bool:
        """Whether an amount is worth an agency's work."""
        currency, amount = due.currency, due.amount
        return any(row.amount <= amount for row in self.minimum if row.currency == currency)


class Endgame(Frozen):
    notice_days: int = Field(ge=1)  # the end comes no earlier than this after the final notice was sent
    collections: Collections | None = None
    restore: bool = True  # who is given up gets the service back, where the subscription goes on


class Policy(Frozen):
    """A complete policy. A case keeps the version that it started with: the ledger has them all, by digest."""

    name: str
    version: int = Field(ge=1)
    description: str = ""
    segments: tuple[str, ...] = ("any",)  # who it applies to
    default_time_zone: str  # for a customer of whom nothing says where they are
    sells_in: tuple[Annotated[Country, Field(pattern="^[A-Z]{2}$")], ...] = ()  # such a customer may be in any of these
    time_of_day: Clock
    jitter: timedelta = Field(ge=timedelta(0), le=timedelta(hours=1))
    timeline: tuple[TimelineEntry, ...] = Field(min_length=1)
    retries: Retries
    contacts: Contacts
    catch_up: CatchUp = CatchUp.LATEST
    late_after: timedelta = Field(default=timedelta(hours=12), gt=timedelta(0))  # a step this late counts as missed
    endgame: Endgame
    cancelled_subscription: CancelledSubscription = CancelledSubscription.STOP_CHARGING
    taken_back: TakenBack = TakenBack.OPERATOR
    sent_invoices: bool = False  # for invoices that were sent to be paid by a date, and only for those
    admission: Admission = Admission()
    renewals: Renewals = Renewals()
    closing: Closings = Closings()

    @classmethod
    def stored(cls, body: str) -> Self:
        """A policy that cases follow already, from the JSON that the ledger has kept.

        A later release may have dropped settings that it has, and asks more of new policies than it fulfils: neither
        stops an open case. Raises ValidationError where a setting that is left has no meaning any more.
        """
        return cls.model_validate_json(body, extra="ignore", context=STORED)

    @field_validator("name")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9-]{1,40}", value):
            raise ValueError("a name has 2 to 41 small letters, digits and -, and begins with a letter")
        return value

    @field_validator("default_time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if not is_zone(value):
            raise ValueError(f"{value!r} is not an IANA time zone such as Europe/Berlin or UTC")
        return value

    @model_validator(mode="after")
    def _coherent(self, info: ValidationInfo) -> Self:
        if info.context is STORED:
            return self  # it was coherent by the rules of its day
        days = [entry.day for entry in self.timeline]
        if days != sorted(set(days)):
            raise ValueError("timeline: days must rise from entry to entry; put steps of one day into one entry")
        for entry in self.timeline:
            names = [form.name for form in entry.do]
            if len(names) != len(set(names)):
                raise ValueError(f"timeline: day {entry.day} does the same thing twice")
            if sum(form.speaks for form in entry.do) > 1 and any(BEST in form.name.split("-") for form in entry.do):
                raise ValueError(
                    f"timeline: a message on the best channel stands beside another one on day {entry.day}, and both "
                    "might take the same channel; give it a day of its own"
                )
        self._suits_its_invoices()
        self._speaks_in_the_hours()
        self._has_one_owner()
        self._ends_well()
        return self

    def _suits_its_invoices(self) -> None:
        """A sent invoice is never charged, and before its due date nothing is owed."""
        if self.sent_invoices and self.renewals.on:
            raise ValueError("renewals: they are about what is charged by itself; leave it out with sent_invoices")
        if self.sent_invoices and self.taken_back is TakenBack.REOPEN:
            raise ValueError("taken_back: reopen is for invoices that are charged; with sent_invoices use operator")
        for entry in self.timeline:
            for form in entry.do:
                if self.sent_invoices and form.counts:
                    raise ValueError(f"timeline: {form.word} on day {entry.day}, but a sent invoice is never charged")
                if entry.day < 0 and not self.sent_invoices:
                    raise ValueError(
                        f"timeline: day {entry.day} is before the failed payment; only sent_invoices has it"
                    )
                if entry.day < 0 and (form.warns or not form.speaks):
                    raise ValueError(
                        f"timeline: {form.word} on day {entry.day}, but before the due date only messages may stand, "
                        "and no final one"
                    )

    def _speaks_in_the_hours(self) -> None:
        """Else every message would come at the next opening, on another day than the policy says."""
        hours = self.contacts.hours
        for entry in self.timeline:
            clock = entry.at or self.time_of_day
            if any(form.speaks for form in entry.do) and not hours.start <= clock < hours.end:
                raise ValueError(
                    f"timeline: the message of day {entry.day} at {clock:%H:%M} is outside contacts.hours "
                    f"({hours.start:%H:%M} to {hours.end:%H:%M}); give the day an `at` within them"
                )

    def _has_one_owner(self) -> None:
        """Where Stripe tries again, nothing in the policy may say that we do."""
        retries = self.retries
        if retries.owner is RetryOwner.OURS:
            return
        if self.sent_invoices:
            raise ValueError("retries.owner: Stripe tries no sent invoice again; leave it out, or say ours")
        for entry in self.timeline:
            for form in entry.do:
                if form.counts:
                    raise ValueError(
                        f"timeline: {form.word} on day {entry.day}, but retries.owner is stripe; "
                        "take it out, or set retries.owner to ours and turn Stripe's retries off"
                    )
        ours = {
            "max_attempts": retries.max_attempts > 0,
            "quick": bool(retries.quick),
            "paydays": retries.paydays != Paydays(),
            "other_methods": retries.other_methods is OtherMethods.USE,
        }
        for name in (name for name, said in ours.items() if said):
            most = "set it to 0" if name == "max_attempts" else "take it out"
            raise ValueError(f"retries.{name} is about our own tries, but retries.owner is stripe; {most}")

    def _ends_well(self) -> None:
        collections = self.endgame.collections
        if collections and not collections.minimum:
            raise ValueError(
                "endgame: collections.minimum has no currency, so no case would go to the agency; "
                "add one, or leave collections out"
            )
        steps = [(entry.day, form) for entry in self.timeline for form in entry.do]
        messages = [day for day, form in steps if form.speaks]
        finals = [day for day, form in steps if form.warns]
        ends = [day for day, form in steps if form.ends]
        if len(ends) != 1 or ends[0] != self.timeline[-1].day:
            raise ValueError("timeline: the last day, and only the last day, needs `escalate`: a case must end")
        if not finals or max(finals) + self.endgame.notice_days > ends[0]:
            raise ValueError(
                f"timeline: the end on day {ends[0]} needs a message of stage final at least "
                f"{self.endgame.notice_days} days before it (endgame.notice_days)"
            )
        for day, form in steps:
            if form.needs_a_message and not any(sent <= day for sent in messages):
                raise ValueError(f"timeline: {form.word} on day {day} comes before any message to the customer")
            if form.on_the_last_day and day != ends[0]:
                raise ValueError(
                    f"timeline: {form.word} on day {day}, but messages announce it for the end: "
                    f"put it on day {ends[0]}, beside `escalate`"
                )
        counting = sum(1 for _, form in steps if form.counts)
        if counting > self.retries.max_attempts:
            raise ValueError(f"timeline: {counting} charges, but retries.max_attempts is {self.retries.max_attempts}")
