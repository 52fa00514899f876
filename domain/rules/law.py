"""The law of contacting somebody who owes, as dated data: by country, US state and Canadian province."""

from datetime import date, time
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from domain.base import Frozen
from domain.calendar import ALL_DAY, SUNDAY, Window
from domain.steps import TEXTS, Channel

_SATURDAY = 6


class Medium(StrEnum):
    """By what a law speaks of contacts."""

    EMAIL = "email"
    SMS = "sms"
    NOTICE = "notice"
    PHONE = "phone"
    LETTER = "letter"


MEDIA = {channel: Medium.SMS if channel in TEXTS else Medium(channel) for channel in Channel}
"""What each channel is in the law's words. None of them speaks of a chat application by name: a message there reaches
the same telephone as a text message does, and counts as one."""


class Force(StrEnum):
    """Whom a row binds."""

    BINDING = "binding"  # law for a merchant that contacts its own customers
    PRACTICE = "practice"  # law for others, a code or a guideline: adopted because it is decent


class Counts(StrEnum):
    """What a cap counts."""

    CONTACTS = "contacts"  # whatever was sent, and calls that were made
    CONVERSATIONS = "conversations"  # calls in which somebody answered


class Per(StrEnum):
    PERSON = "person"
    DEBT = "debt"


def _read_window(value: Any) -> Any:
    if value == "none":
        return None
    text = str(value)
    start, dash, end = text.partition("-")
    try:
        window = Window(time.fromisoformat(start), time.fromisoformat(end))
    except ValueError:
        dash = ""
    if not dash or window.start >= window.end:
        raise ValueError(f'{text!r} are no hours such as "08:00-20:00", nor the word none')
    return window


Open = Annotated[Window | None, BeforeValidator(_read_window)]
"""The hours of a kind of day, written `08:00-20:00`, or `none`."""


class LawfulHours(Frozen):
    """When somebody may be contacted, by weekday. What is not named is as on a weekday; holidays as the day itself."""

    weekdays: Open
    saturday: Open = ALL_DAY
    sunday: Open = ALL_DAY
    holidays: Open = ALL_DAY

    def closes(self, kind: Literal["saturday", "sunday", "holidays"]) -> bool:
        """Whether nobody may be contacted on a kind of day at all."""
        return kind in self.model_fields_set and getattr(self, kind) is None

    def window(self, day: date, holidays: frozenset[date]) -> Window | None:
        """When `day` is open; None when it is closed."""
        if "holidays" in self.model_fields_set and day in holidays:
            return self.holidays
        name = {SUNDAY: "sunday", _SATURDAY: "saturday"}.get(day.isoweekday(), "weekdays")
        window: Window | None = getattr(self, name if name in self.model_fields_set else "weekdays")
        return window


class Cap(Frozen):
    """At most so many within a span of days. One day is the customer's calendar day; longer spans roll."""

    limit: int = Field(ge=1)
    days: int = Field(ge=1, le=366)
    per: Per = Per.PERSON
    counts: Counts = Counts.CONTACTS


class Wait(Frozen):
    """So many days from a notice in writing to what it announces."""

    days: int = Field(ge=1)
    before: Literal["collections", "first_call", "costs", "default"]


class CoolDown(Frozen):
    """No call for so many days after a conversation about the debt."""

    days: int = Field(ge=1)


class Consent(Frozen):
    """What a contact on the row's media needs."""

    needs: Literal["prior_express", "opt_in", "opt_out", "registered_template"]
    by_account: bool = False  # who gave the number with the account has consented to messages about it


class Words(Frozen):
    """What a message has to name."""

    name: tuple[Literal["sender", "creditor", "amount", "opt_out", "contact", "deadline", "costs"], ...] = Field(
        min_length=1
    )


class Charges(Frozen):
    """The most that may be asked for on top of the debt. Texts, because no charge is added to a debt here yet."""

    interest: str = ""
    fee: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.interest or self.fee):
            raise ValueError("charges: neither interest nor fee is said; say one of them")
        return self


class Keep(Frozen):
    """How long records have to be kept after the last contact."""

    months: int = Field(ge=1)


_KINDS = ("hours", "cap", "wait", "cool_down", "consent", "words", "charges", "keep")


class Row(Frozen):
    """One rule of one place, in one edition: exactly one of the kinds, with where it comes from."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    force: Force
    on: tuple[Medium, ...] = ()  # the media that it is about; none: all of them
    hours: LawfulHours | None = None
    cap: Cap | None = None
    wait: Wait | None = None
    cool_down: CoolDown | None = None
    consent: Consent | None = None
    words: Words | None = None
    charges: Charges | None = None
    keep: Keep | None = None
    source: str = Field(min_length=1)
    url: str = ""
    effective_from: date  # of the law; where that is not known, of the source
    until: date | None = None  # the last day on which it was in force, where nothing took its place
    verified: date | Literal[False]  # when the source was read; false: from general knowledge
    note: str = ""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        said = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(said) != 1:
            raise ValueError(f"a row is about exactly one of {', '.join(_KINDS)}; this one says {said or 'none'}")
        return self

    @property
    def kind(self) -> str:
        return next(kind for kind in _KINDS if getattr(self, kind) is not None)

    @property
    def rule(self) -> str:
        """The rule with its edition: `th-hours@2015-09-02`."""
        return f"{self.id}@{self.effective_from.isoformat()}"

    @property
    def binding(self) -> bool:
        return self.force is Force.BINDING

    def is_about(self, channel: Channel) -> bool:
        return not self.on or MEDIA[channel] in self.on
