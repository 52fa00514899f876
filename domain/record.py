"""The record of a case: one entry for everything that was done, decided, postponed or refused."""

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from domain.base import Message, unchecked
from domain.outgoing import Outgoing, known_or_none


class Entry(Message):
    """One line of the record, in the Temporal UI and in the ledger alike."""

    at: datetime  # UTC, the case's own time
    step: str  # the step's key, or where it came from: "opening", an event's id, "signal"
    what: str  # in a few words: "email sent", "skipped", "postponed to 2030-04-05 09:00", "declined"
    why: str
    rule: str | None = None  # the rule that caused it, with its edition
    # What the merchant's systems are told of it, on its way to the ledger; None: nothing.
    event: Annotated[Outgoing | None, BeforeValidator(known_or_none)] = Field(
        default=None, exclude_if=lambda event: event is None
    )


new_entry = unchecked(Entry)
