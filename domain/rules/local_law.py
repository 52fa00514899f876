"""The law of the place where a customer is: which rows bind, on which day, and what they say to one contact."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import cached_property, lru_cache

from domain.base import Frozen
from domain.calendar import ALL_DAY, ContactHours, Hours, Window, local
from domain.rules.law import Consent, Counts, Row
from domain.steps import Channel

_MOST_DAYS = 512
"""Of which a place's law is kept in mind: those of the open cases."""
_MOST_HOURS = 64
"""Policies' hours and channels for which those of a place are kept in mind."""


class Editions(Frozen):
    """One rule in all its editions, the oldest first: one of them is in force on a day, or none."""

    rows: tuple[Row, ...]

    @property
    def id(self) -> str:
        return self.rows[0].id

    @property
    def binding(self) -> bool:
        """Whether it is law in any edition: it cannot be left out."""
        return any(row.binding for row in self.rows)

    def on(self, day: date) -> Row | None:
        """The edition that is in force on a day."""
        found = next((row for row in reversed(self.rows) if row.effective_from <= day), None)
        return found if found and (found.until is None or day <= found.until) else None


class RuleHours(Hours):
    """The hours of one rule on one channel, each day by the edition of that day."""

    def __init__(self, rule: Editions, channel: Channel) -> None:
        self._rule, self._channel = rule, channel

    def row(self, day: date) -> Row | None:
        """The edition of a day, where it is about the channel."""
        row = self._rule.on(day)
        return row if row and row.hours and row.is_about(self._channel) else None

    def window(self, day: date, holidays: frozenset[date]) -> Window | None:
        row = self.row(day)
        return row.hours.window(day, holidays) if row and row.hours else ALL_DAY


class LocalLaw(Frozen):
    """The rules of the place where a customer is, or of those where they may be."""

    rules: tuple[Editions, ...] = ()

    def without(self, left: Iterable[str]) -> "LocalLaw":
        """The law without the practices that a policy leaves out. What is law cannot be left."""
        names = frozenset(left)
        kept = tuple(rule for rule in self.rules if rule.binding or rule.id not in names)
        return LocalLaw(rules=kept) if names else self

    @cached_property
    def hours_for(self) -> "Callable[[ContactHours, Channel], HoursHere | None]":
        """A policy's hours on a channel together with the law's; None where it has none. Worked out once."""

        def hours_for(own: ContactHours, channel: Channel) -> HoursHere | None:
            laws = self.hours(channel)
            return HoursHere(own, laws) if laws else None

        return lru_cache(_MOST_HOURS)(hours_for)

    @cached_property
    def collections_wait(self) -> "Callable[[date], Row | None]":
        """The longest wait between the notice of the end, made on a day, and the handoff; None: there is none."""
        return lru_cache(_MOST_DAYS)(self._collections_wait)

    @cached_property
    def _with_hours(self) -> tuple[Editions, ...]:
        return tuple(rule for rule in self.rules if any(row.hours for row in rule.rows))

    def on(self, day: date) -> list[Row]:
        """Every row that is in force on a day."""
        return [row for rule in self.rules if (row := rule.on(day))]

    def hours(self, channel: Channel) -> tuple[RuleHours, ...]:
        """The hours of every rule that is about a channel in one of its editions."""
        found = (rule for rule in self._with_hours if any(row.is_about(channel) for row in rule.rows))
        return tuple(RuleHours(rule, channel) for rule in found)

    def caps(self, channel: Channel, day: date) -> list[Row]:
        """What caps the contacts on a channel, on a day. Conversations are counted before a call alone."""
        caps = [row for row in self.on(day) if row.cap and row.is_about(channel)]
        spoken = channel is Channel.PHONE
        return [row for row in caps if row.cap and (spoken or row.cap.counts is Counts.CONTACTS)]

    @cached_property
    def _with_consent(self) -> tuple[Editions, ...]:
        return tuple(rule for rule in self.rules if any(row.consent for row in rule.rows))

    @cached_property
    def wants_opt_ins(self) -> bool:
        """Whether any of it asks what the customer has opted in to."""
        asked = (row.consent for rule in self._with_consent for row in rule.rows if row.consent)
        return any(one.needs == "opt_in" or (one.needs == "prior_express" and not one.by_account) for one in asked)

    def consents(self, day: date) -> list[tuple[Row, Consent]]:
        """What it asks of a channel before anybody is contacted on it, on a day."""
        rows = [row for rule in self._with_consent if (row := rule.on(day))]
        return [(row, row.consent) for row in rows if row.consent]

    def _collections_wait(self, day: date) -> Row | None:
        waits = {row: row.wait.days for row in self.on(day) if row.wait and row.wait.before == "collections"}
        return max(waits, key=lambda row: waits[row], default=None)


NO_LAW = LocalLaw()
"""Of a place without rows, and of one that is not known."""


class HoursHere(Hours):
    """A policy's hours and those of the law, together. Where they have none in common on a day: the law's."""

    def __init__(self, own: ContactHours, laws: tuple[RuleHours, ...]) -> None:
        self._own, self._laws = own, laws
        self._on = lru_cache(_MOST_DAYS)(self._worked_out)

    def window(self, day: date, holidays: frozenset[date]) -> Window | None:
        # Of the holidays only this one counts, and all cases of a place have their days in common.
        return self._on(day, holidays & {day})

    def _worked_out(self, day: date, holidays: frozenset[date]) -> Window | None:
        own = self._own.window(day, holidays)
        lawful: Window | None = ALL_DAY
        for law in self._laws:
            window = law.window(day, holidays)
            lawful = lawful.within(window) if lawful and window else None
        return (own.within(lawful) or lawful) if own and lawful else None

    def rule(self, moment: datetime, zones: tuple[str, ...], holidays: frozenset[date]) -> str | None:
        """The first rule of the law that does not allow `moment`; None where the policy's own hours do not."""
        if self._own.refusal(moment, zones, holidays):
            return None
        for law in self._laws:
            if law.refusal(moment, zones, holidays):
                return next((row.rule for zone in zones if (row := law.row(local(moment, zone).date()))), None)
        return None
