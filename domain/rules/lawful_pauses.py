"""How long nobody is contacted again on a channel after a conversation, and how long after a notice in writing the
first contact there may come. By what a channel is, not by which."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal, Protocol

from domain.base import Message
from domain.gates import ALLOW, Answer, Postpone, Refuse
from domain.rules.local_law import LocalLaw
from domain.steps import Channel

_WRITTEN = (Channel.EMAIL,)
_REMEMBERED = timedelta(days=60)
"""How far back a notice is looked for: no timeline has one so much earlier than its first call."""


class Heard(Protocol):
    """One contact that was made (`ContactUse`)."""

    @property
    def channel(self) -> Channel: ...
    @property
    def at(self) -> datetime: ...
    @property
    def conversation(self) -> bool: ...


class LawfulPause(Message):
    """One row of the law, as it is for one contact on a channel."""

    rule: str  # with its edition
    days: int
    after: Literal["conversation", "notice"]

    @property
    def window(self) -> timedelta:
        """How far from a contact those are that it is asked by."""
        return timedelta(days=self.days) if self.after == "conversation" else _REMEMBERED

    def ask(self, uses: Sequence[Heard], at: datetime) -> Answer:
        """Whether the contact may be made at `at`, and if not, from when on."""
        pause = timedelta(days=self.days)
        if self.after == "conversation":
            last = max((use.at for use in uses if use.conversation), default=None)
            if last is None or last + pause <= at:
                return ALLOW
            why = f"by the law of the place nobody is called within {self.days} days of a conversation"
            return Postpone(until=last + pause, why=why, rule=self.rule)
        first = min((use.at for use in uses if use.channel in _WRITTEN), default=None)
        why = f"by the law of the place the first call comes {self.days} days after a notice in writing"
        if first is None:
            return Refuse(why=f"{why}, and there was none", rule=self.rule)
        return ALLOW if first + pause <= at else Postpone(until=first + pause, why=why, rule=self.rule)


def lawful_pauses(law: LocalLaw, channel: Channel, day: date) -> tuple[LawfulPause, ...]:
    """What keeps a contact on a channel waiting, by the editions of a day."""
    found = []
    for row in law.on(day):
        if not row.on or not row.is_about(channel):
            continue
        if row.cool_down:
            found.append(LawfulPause(rule=row.rule, days=row.cool_down.days, after="conversation"))
        if row.wait and row.wait.before == "first_call":
            found.append(LawfulPause(rule=row.rule, days=row.wait.days, after="notice"))
    return tuple(found)
