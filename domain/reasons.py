"""Sentences for operators that every kind of step may use."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from domain.calendar import day_in_words
from domain.case import Case

if TYPE_CHECKING:
    from domain.situation import Situation
    from domain.steps import Step


def cause(case: Case) -> str:
    """The standing decline in words; of an invoice that was sent, when it is due."""
    if case.invoice.sent and case.invoice.due_at:
        return f"sent, due on {case.invoice.due_at:%Y-%m-%d}"
    if case.decline is None:
        return "no standing decline" if case.tried else "no charge was tried yet"
    return case.decline.code.replace("_", " ")


def why_wait(now: "Situation", step: "Step", until: datetime) -> str:
    """Why nothing happens before `until`."""
    due = until.astimezone(UTC)  # the zone of everything that operators read
    said = f"{step.why(now)}, due {day_in_words(due)} {due.year} {due.hour:02d}:{due.minute:02d} UTC"
    if (now.awaits_customer or now.method_spent) and not step.comes_first:
        return f"{said}; no charge until the customer acts ({cause(now.case)})"
    return said
