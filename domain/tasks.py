"""What the workflow asks of its activities, and what they answer. Each kind of step adds its own pair.

Every task carries `as_of`, the case's own time: every rule about hours, dates and budgets is read against it,
never against the worker's clock.
"""

from datetime import datetime

from domain.base import Message
from domain.invoice import InvoiceState
from domain.money import Money


class Task(Message):
    """What all tasks have in common."""

    invoice_id: str
    customer_id: str
    step: str  # the step's key
    as_of: datetime  # UTC, the workflow's time
    why: str  # the decision's one sentence


class Done(Message):
    """An effect happened. `invoice_state` and `remaining` are what the activity read on its way, if it did."""

    invoice_state: InvoiceState | None = None
    remaining: Money | None = None
