"""The record of a case: one entry for everything that was done, decided, postponed or refused."""

from datetime import datetime

from domain.base import Message, unchecked

POSTPONED = " is postponed to "
"""Stands in `what` behind the title of a step that is still to come: no reader could look its title up."""


class Entry(Message):
    """One line of the record, in the Temporal UI and in the ledger alike."""

    at: datetime  # UTC, the case's own time
    step: str  # the step's key, or where it came from: "opening", an event's id, "signal"
    what: str  # in a few words: "email sent", "skipped", "postponed to 2030-04-05 09:00", "declined"
    why: str
    rule: str | None = None  # the rule that caused it, with its edition


new_entry = unchecked(Entry)
