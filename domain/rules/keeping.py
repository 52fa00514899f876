"""How long what was said to a customer has to be kept, by the law of the place."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from domain.rules.local_law import LocalLaw
from domain.steps import Channel


class ToBeKept(NamedTuple):
    """Until when, and by which row. source: the law or code that says so."""

    until: date  # the last day
    rule: str  # with its edition
    source: str


def to_be_kept(law: LocalLaw, last: Mapping[Channel, date], today: date) -> ToBeKept | None:
    """What keeps records of a customer today, by the row that keeps them longest; None: nothing does.

    last: the day of the last contact on each channel. A row counts from the last contact that it is about, by the
    edition of that day.
    """
    found = [
        ToBeKept(months_after(day, row.keep.months), row.rule, row.source)
        for channel, day in last.items()
        for row in law.on(day)
        if row.keep and row.is_about(channel)
    ]
    return max((one for one in found if one.until >= today), default=None)


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or that month's last one."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
