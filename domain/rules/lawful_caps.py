"""How often the law lets one person be contacted: what one more contact would make of the count."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Protocol

from domain.base import Message
from domain.calendar import at_local, local
from domain.gates import ALLOW, Answer, Postpone
from domain.rules.law import Counts, Per, Row
from domain.rules.local_law import LocalLaw
from domain.steps import Channel

_DAY = timedelta(days=1)
_ROUND = timedelta(days=3)
"""Longer than any calendar day with those beside it, whatever the clocks do."""


class Counted(Protocol):
    """One contact that was made, or is on its way (`ContactUse`)."""

    @property
    def invoice_id(self) -> str: ...
    @property
    def channel(self) -> Channel: ...
    @property
    def at(self) -> datetime: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def conversation(self) -> bool: ...


class LawfulCap(Message):
    """One row of the law, as it is for one message at one place."""

    rule: str  # with its edition
    limit: int
    days: int  # 1: a calendar day there; more: so many days of 24 hours
    on: tuple[Channel, ...]  # the contacts that count
    per_debt: bool = False
    conversations: bool = False  # only those in which somebody answered
    zones: tuple[str, ...] = ()  # for a calendar day: the clocks that it may be by

    @property
    def window(self) -> timedelta:
        """How far from a contact those are that count with it."""
        return timedelta(days=self.days) if self.days > 1 else _ROUND

    def ask(self, invoice_id: str, uses: Sequence[Counted], at: datetime) -> Answer:
        """Whether there is room at `at`, and if not, from when on. Those of a later moment count as well: another case
        may have overtaken this one."""
        times = sorted(
            use.at
            for use in uses
            if use.channel in self.on
            and (use.conversation or not self.conversations)
            and (not self.per_debt or invoice_id in (use.invoice_id, *use.names))
        )
        near = [time for time in times if self._share(time, at)]
        if len(near) < self.limit:
            return ALLOW
        ends = sorted(self._over(time) for time in times)
        until = next(end for end in ends if end > at and self._count(times, end) < self.limit)
        span = f"{self.days} days" if self.days > 1 else "a day"
        what = "about this debt " if self.per_debt else ""
        why = f"the law of the place has no more than {self.limit} {self._what}"
        return Postpone(until=until, why=f"{why} {what}in {span}", rule=self.rule)

    @property
    def _what(self) -> str:
        what = "conversation" if self.conversations else "contact"
        return f"{what}s" if self.limit > 1 else what

    def _count(self, times: Sequence[datetime], at: datetime) -> int:
        return sum(self._share(time, at) for time in times)

    def _share(self, time: datetime, at: datetime) -> bool:
        """Whether a contact of `time` counts against one at `at`."""
        if self.days > 1:
            return abs(at - time) < self.window
        return any(local(time, zone).date() == local(at, zone).date() for zone in self.zones)

    def _over(self, made: datetime) -> datetime:
        """From when on a contact of `made` counts no more."""
        if self.days > 1:
            return made + self.window
        return max(at_local(local(made, zone).date() + _DAY, time.min, zone) for zone in self.zones)


def lawful_caps(law: LocalLaw, channel: Channel, zones: tuple[str, ...], at: datetime) -> tuple[LawfulCap, ...]:
    """What caps a message on a channel at `at`, by the editions of that day."""
    return tuple([_cap(row, zones) for row in law.caps(channel, local(at, zones[0]).date())])


def _cap(row: Row, zones: tuple[str, ...]) -> LawfulCap:
    cap = row.cap
    assert cap is not None  # noqa: S101 - `LocalLaw.caps` gives no other rows
    return LawfulCap(
        rule=row.rule,
        limit=cap.limit,
        days=cap.days,
        # A notice waits in the merchant's application until somebody looks.
        on=tuple(one for one in Channel if one is not Channel.NOTICE and row.is_about(one)),
        per_debt=cap.per is Per.DEBT,
        conversations=cap.counts is Counts.CONVERSATIONS,
        zones=zones if cap.days == 1 else (),
    )
