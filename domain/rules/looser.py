"""Where a policy allows what the law of the places where it sells does not: it may be stricter, never looser."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import NamedTuple

from domain.calendar import Window
from domain.policy import Policy
from domain.rules.law import Counts, LawfulHours, Per, Row
from domain.rules.law_table import LawTable
from domain.steps import Channel

_WEEK = 7


class Looser(NamedTuple):
    """One setting, by its place in the policy, and what is wrong with it in one sentence."""

    at: tuple[str | int, ...]
    why: str


def looser(policy: Policy, table: LawTable) -> Iterator[Looser]:
    """Every setting that is looser than a row of the newest edition, and every rule that cannot be set aside."""
    aside = policy.contacts.set_aside
    for number, name in enumerate(aside):
        if why := _why_not_aside(name, table):
            yield Looser(("contacts", "set_aside", number), why)
    for number, name in enumerate(policy.contacts.registered):
        if why := _why_not_registered(name, table):
            yield Looser(("contacts", "registered", number), why)
    for country in policy.sells_in:
        place = table.places.get(country)
        for rule in place.rules if place else ():
            if rule.binding or rule.id not in aside:
                for at, why in _looser(policy, rule.rows[-1]):
                    yield Looser(at, f"{why} by {rule.rows[-1].rule} in {country} (sells_in)")


def _why_not_aside(name: str, table: LawTable) -> str | None:
    rule = table.rules.get(name)
    if rule is None:
        near = get_close_matches(name, table.rules, 1)
        return f"there is no rule {name}{f'; did you mean {near[0]}?' if near else '; docs/law.md has them all'}"
    if rule.binding:
        return f"{name} is law for a merchant that contacts its own customers, and cannot be set aside; take it out"
    return None


def _why_not_registered(name: str, table: LawTable) -> str | None:
    rule = table.rules.get(name)
    if rule and any(row.consent and row.consent.needs == "registered_template" for row in rule.rows):
        return None
    return f"{name} is no rule that asks for a register; docs/law.md has them (needs registered template)"


def _looser(policy: Policy, row: Row) -> Iterator[Looser]:
    if row.hours and any(row.is_about(channel) for channel in Channel):
        yield from _hours(policy, row.hours)
    if row.cap and row.cap.counts is Counts.CONTACTS and row.cap.per is Per.PERSON and row.cap.days <= _WEEK:
        most = row.cap.limit * _WEEK // row.cap.days
        if row.is_about(Channel.EMAIL) and policy.contacts.per_week > most:
            yield Looser(("contacts", "per_week"), f"{policy.contacts.per_week} is more than the {most} allowed")
    notice = policy.endgame.notice_days
    if row.wait and row.wait.before == "collections" and policy.endgame.collections and notice < row.wait.days:
        yield Looser(("endgame", "notice_days"), f"{notice} is less than the {row.wait.days} days needed")


def _hours(policy: Policy, lawful: LawfulHours) -> Iterator[Looser]:
    own, weekdays = policy.contacts.hours, lawful.weekdays
    hours = Window(own.start, own.end)
    if weekdays and hours.within(weekdays) != hours:
        yield Looser(("contacts", "hours"), f"{hours} goes beyond the {weekdays} allowed on weekdays")
    if own.sundays and lawful.closes("sunday"):
        yield Looser(("contacts", "hours", "sundays"), "Sundays are not allowed")
    if own.public_holidays and lawful.closes("holidays"):
        yield Looser(("contacts", "hours", "public_holidays"), "public holidays are not allowed")
