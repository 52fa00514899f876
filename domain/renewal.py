"""What a customer is told before a subscription renews: nothing has failed yet. Which notices, when, or why none."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from domain.base import Frozen, Message
from domain.case import PolicyRef
from domain.habits import ChannelWish
from domain.money import Money
from domain.steps import CHANNEL_NAMES, Channel


class Notice(StrEnum):
    """What is told; those of one renewal in this order, at most one a day."""

    CARD_EXPIRES = "card_expires"
    PRICE_CHANGES = "price_changes"

    @property
    def in_words(self) -> str:
        return _WORDS[self]


_WORDS = {Notice.CARD_EXPIRES: "the card expires", Notice.PRICE_CHANGES: "the amount changes"}

Days = Annotated[int, Field(ge=1, le=60)]  # what is announced later than that is said at once


class Renewals(Frozen):
    """Which notices a policy has, each with the number of days before the charge. None: it is off."""

    card_expires: Days | None = None
    price_changes: Days | None = None
    channel: ChannelWish = Channel.EMAIL

    @model_validator(mode="after")
    def _is_no_letter(self) -> Self:
        if self.channel is Channel.LETTER:
            raise ValueError("channel: letter takes days; name another channel, or best")
        return self

    def days(self, notice: Notice) -> int | None:
        """How many days before the charge; None: it is off."""
        match notice:
            case Notice.CARD_EXPIRES:
                return self.card_expires
            case Notice.PRICE_CHANGES:
                return self.price_changes

    @property
    def on(self) -> tuple[Notice, ...]:
        return tuple(notice for notice in Notice if self.days(notice) is not None)

    @property
    def in_words(self) -> tuple[str, ...]:
        """What the customer is told before a renewal, one line each."""
        days = {notice: self.days(notice) for notice in self.on}
        by = CHANNEL_NAMES[self.channel] if self.channel else "the best channel"
        said = [
            f"{count} day{'' if count == 1 else 's'} before the charge: {by}, if {notice.in_words}"
            for notice, count in days.items()
        ]
        return tuple(said) or ("nothing (the policy has no renewals)",)


class Renewal(Message):
    """One renewal that has been announced, and the policy that is followed. No personal data."""

    subscription_id: str
    customer_id: str
    renews_at: datetime  # UTC, when the next period begins
    policy: PolicyRef
    segment: str = "any"
    anywhere: tuple[str, ...] = ("UTC",)  # clocks by which the hours count where nothing says where the customer is


class RenewalNow(Frozen):
    """The renewal as the payment provider has it now."""

    renews_at: datetime  # UTC
    charged_at: datetime  # UTC
    amount: Money  # what will be charged
    off: str = ""  # why nothing will be charged by itself; empty: it will
    expiry: str | None = None  # of the card that will be charged: "12/2031"; None: it is no card, or not known
    before: Money | None = None  # what the last renewal, or the sign-up, was paid with; None: nothing, or not asked


class NoticeTask(Message):
    """Say what is due to be said before a renewal, or when to look again."""

    renewal: Renewal
    as_of: datetime  # UTC, the workflow's time


class NoticeOutcome(Message):
    """What was done, and when there is more to do."""

    why: str  # one sentence
    next_at: datetime | None = None  # UTC; None: nothing is left to be said
    said: Notice | None = None


class Told(Frozen):
    """What the customer is to be told, and from when on."""

    notice: Notice
    since: datetime  # UTC, before hours and caps were asked


def told(now: RenewalNow, wanted: Renewals) -> tuple[list[Told], str]:
    """The notices of a renewal in their order; where there is none also why, in one sentence."""
    if not wanted.on:
        return [], "the policy has no notices before a renewal"
    if now.off:
        return [], now.off
    if now.amount.amount <= 0:
        return [], "nothing will be charged"
    silent = {notice: _silent(notice, now) for notice in wanted.on}
    found = [Told(notice=each, since=_since(each, now, wanted)) for each, why in silent.items() if not why]
    return found, "" if found else "; ".join(dict.fromkeys(silent.values()))


def is_expired(expiry: str, at: datetime) -> bool:
    """Whether a card with this end ("12/2031") is no longer good at a moment: it is until its month is over."""
    month, _, year = expiry.partition("/")
    return (at.year, at.month) > (int(year), int(month))


def _silent(notice: Notice, now: RenewalNow) -> str:
    """Why this notice has nothing to say; empty: it has."""
    match notice:
        case Notice.CARD_EXPIRES if not now.expiry:
            return "it will not be charged to a card"
        case Notice.CARD_EXPIRES if not is_expired(now.expiry or "", now.charged_at):
            return f"the card is good until {now.expiry}, and it will be charged on {now.charged_at:%Y-%m-%d}"
        case Notice.PRICE_CHANGES if now.before is None or now.before.amount == 0:
            return "nothing was paid for it before"
        case Notice.PRICE_CHANGES if now.before == now.amount:
            return "the amount is that of the last payment"
    return ""


def _since(notice: Notice, now: RenewalNow, wanted: Renewals) -> datetime:
    return now.charged_at - timedelta(days=wanted.days(notice) or 0)
