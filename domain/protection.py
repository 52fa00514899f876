"""What protects a person from everything that follows a debt: who said so, since when and until when.

It holds for all invoices of the person, also for those that fail later. It stops what a machine would do; what is left
to be done is a human's.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from domain.base import Message


class Protection(StrEnum):
    """Why nothing is charged, said, taken away or handed over by itself."""

    BANKRUPTCY = "bankruptcy"
    DECEASED = "deceased"
    REPRESENTED = "represented"  # a lawyer, guardian or debt adviser speaks for the person
    HARDSHIP = "hardship"
    BREATHING_SPACE = "breathing_space"  # a moratorium by law or agreement: it has a last moment
    ERASURE = "erasure"  # the person asked for their data to be erased

    @property
    def in_words(self) -> str:
        return self.value.replace("_", " ")


class SetBy(StrEnum):
    """By which way we learned of it."""

    OPERATOR = "operator"
    BILLING = "billing"  # the merchant's billing system, by the API
    REPLY = "reply"  # the customer's own answer, where its words leave no doubt


class Protected(Message):
    """One statement that a person is protected. It stays for ever, also when it holds no more."""

    protection: Protection
    event_id: str
    since: datetime  # UTC
    until: datetime | None = None  # it ends by itself then; None: when an operator ends it
    source: SetBy
    by: str  # who said so: a name, or "the customer"
    note: str = ""
    ended_at: datetime | None = None
    ended_by: str = ""
    end_note: str = ""

    def holds(self, at: datetime) -> bool:
        return self.ended_at is None and (self.until is None or at < self.until)

    @property
    def said(self) -> str:
        """Who set it and when, in words."""
        since = f"set by {self.by} on {self.since:%Y-%m-%d}"
        return f"{since}: {self.note}" if self.note else since


def standing(said: Iterable[Protected], at: datetime) -> tuple[Protected, ...]:
    """What protects a person at a moment: of each kind the statement that holds longest."""
    found: dict[Protection, Protected] = {}
    for one in said:
        known = found.get(one.protection)
        if one.holds(at) and (known is None or _lasts_longer(one, known)):
            found[one.protection] = one
    return tuple([found[kind] for kind in Protection if kind in found])


def _lasts_longer(one: Protected, other: Protected) -> bool:
    return other.until is not None and (one.until is None or one.until > other.until)
