"""The sweep: what it has looked at, what it mended, and when a case that is told nothing has missed something. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import Field

from domain.base import Message
from domain.case import Case, HoldReason
from domain.changes import known_here
from domain.invoice import InvoiceNow, InvoiceState
from domain.moments import Moment

SWEEP = "sweep"
"""Where entries of the record come from that tell what was mended."""

FIRST_WIDTH, WIDEST = timedelta(hours=6), timedelta(days=7)
_NARROWEST = timedelta(seconds=1)
"""Times have whole seconds."""
_MOST_NAMED = 20
_OVERDUE = timedelta(hours=1)


class Stage(StrEnum):
    """What a sweep looks at, in this order: an opening by its own event knows best when the payment failed."""

    EVENTS = "events"
    INVOICES = "invoices"
    CASES = "cases"


class Mend(StrEnum):
    """What a sweep may find to be mended."""

    OPENED = "opened"  # an invoice had failed, and had no case
    TOLD = "told"  # a case had not heard something
    RESTARTED = "restarted"  # an open case had no workflow
    CLOSED = "closed"  # the workflow had ended, and the ledger had the case as open


_WORDS = {Mend.OPENED: "opened", Mend.TOLD: "told", Mend.RESTARTED: "started anew", Mend.CLOSED: "closed"}


class Tally(Message):
    """What a sweep has seen and done. Numbers, for people and metrics."""

    events: int = 0
    invoices: int = 0
    cases: int = 0
    mended: dict[Mend, int] = Field(default_factory=dict)
    refused: int = 0  # records that could not be taken: policy, Stripe's answer
    two_owners: int = 0  # open cases whose invoice Stripe tries again by itself, beside us
    stopped: tuple[str, ...] = ()  # invoices whose workflow somebody terminated, or that failed: some of them
    stopped_in_all: int = 0

    @property
    def in_words(self) -> str:
        """One line."""
        seen = f"{self.events} events, {self.invoices} open invoices and {self.cases} open cases seen"
        mended = ", ".join(f"{self.mended.get(mend, 0)} {word}" for mend, word in _WORDS.items())
        return f"{seen}: {mended}; {self.refused} could not be taken"

    def plus(self, other: "Tally") -> Self:
        mends = {mend: self.mended.get(mend, 0) + other.mended.get(mend, 0) for mend in Mend}
        return self.but(
            events=self.events + other.events,
            invoices=self.invoices + other.invoices,
            cases=self.cases + other.cases,
            mended={mend: count for mend, count in mends.items() if count},
            refused=self.refused + other.refused,
            two_owners=self.two_owners + other.two_owners,
            stopped=(*self.stopped, *other.stopped)[:_MOST_NAMED],
            stopped_in_all=self.stopped_in_all + other.stopped_in_all,
        )


class Sweep(Message):
    """One sweep, and how far it has come: enough to go on after any interruption."""

    begun_at: Moment  # UTC; which sweep it is
    since: Moment  # events from here on are looked at, and invoices that were made since
    until: Moment  # and events before this: younger ones are the webhooks' to bring
    stage: Stage = Stage.EVENTS
    place: Moment  # of the events: all before it are done
    width: timedelta = FIRST_WIDTH  # how long a part of the events is asked for at a time
    after: str | None = None  # of invoices and cases: the last one that was looked at
    pages: int = 0
    tally: Tally = Field(default_factory=Tally)
    ended_at: Moment | None = None

    @property
    def part_until(self) -> datetime:
        """Up to where events are asked for next."""
        return min(self.place + self.width, self.until)

    def narrower(self) -> Self:
        """There were more events in the part than one page has."""
        return self.but(width=max(_NARROWEST, (self.part_until - self.place) // (2 * _NARROWEST) * _NARROWEST))

    @property
    def is_narrowest(self) -> bool:
        return self.part_until - self.place <= _NARROWEST

    def after_events(self, tally: Tally, *, few: bool) -> Self:
        """The part is done. `few`: the next one may be longer."""
        done = self.part_until
        width = min(self.width * 2, WIDEST) if few else self.width
        stage = Stage.INVOICES if done >= self.until else Stage.EVENTS
        return self._page(tally).but(place=done, width=width, stage=stage)

    def after_invoices(self, tally: Tally, after: str | None) -> Self:
        """`after`: None: there are no more."""
        stage = Stage.INVOICES if after else Stage.CASES
        return self._page(tally).but(after=after, stage=stage)

    def after_cases(self, tally: Tally, after: str | None, at: datetime) -> Self:
        """`after`: None: there are no more."""
        return self._page(tally).but(after=after, ended_at=None if after else at)

    def _page(self, tally: Tally) -> Self:
        return self.but(pages=self.pages + 1, tally=self.tally.plus(tally))


def is_overdue(
    newest: Sweep | None, ended_at: datetime | None, since: datetime, every: timedelta, at: datetime
) -> bool:
    """Whether one should have ended by now: two were due, and none has.

    newest:   the one that began last.
    ended_at: when one ended last.
    since:    since when sweeps are made at all.
    """
    known = ended_at or (newest.begun_at if newest else since)
    return known + 2 * every + _OVERDUE < at


def next_sweep(last: Sweep | None, at: datetime, back: timedelta, grace: timedelta, *, whole: bool = False) -> Sweep:
    """The sweep that goes on where the last one stopped, or a new one.

    back:  how far it looks back, where there was none before. Stripe keeps events for 30 days.
    grace: how old an event must be: before, its webhook may still be on its way.
    whole: looks at all of that again, also where a sweep has done so before.
    """
    if last and last.ended_at is None and not whole:
        return last
    second = at.replace(microsecond=0)
    oldest, until = second - back, second - grace
    begin = oldest if last is None or whole else max(oldest, last.until)
    begin = min(begin, until)
    return Sweep(begun_at=at, since=oldest, until=until, place=begin, stage=Stage.EVENTS)


def missed(case: Case, now: InvoiceNow) -> bool:
    """Whether the invoice is not what the case believes: it was not told of something."""
    if case.closing or case.closed:
        return False
    if now.state is not InvoiceState.OPEN:
        return True
    left = now.remaining if now.remaining and now.remaining.currency == case.due.currency else None
    processing = any(hold.reason is HoldReason.PAYMENT_PROCESSING for hold in case.holds)
    return (
        (left is not None and known_here(case, left) != case.due)
        or (now.paying is not None and now.paying != processing)
        or (now.customer_deleted is True and not case.invoice.customer_deleted)
        or case.invoice.says_otherwise(now)
    )


def is_late(next_at: datetime | None, at: datetime) -> bool:
    """Whether a case's next step is so long due that its workflow must have missed it."""
    return next_at is not None and next_at + _OVERDUE < at


def occasion(now: InvoiceNow, at: datetime) -> str:
    """An id for what a case is told of its invoice: the same news is told once a day."""
    left = now.remaining.amount if now.remaining else ""
    parts = (now.state.value, left, "paying" if now.paying else "", now.method.id if now.method else "")
    return f"sweep-{at:%Y%m%d}-{'-'.join(map(str, parts))}-{now.next_try_at or ''}"
