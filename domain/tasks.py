"""What the workflow asks of its activities, and what they answer. Each kind of step adds its own pair.

Every task carries `as_of`, the case's own time: every rule about hours, dates and budgets is read against it,
never against the worker's clock.
"""

from datetime import datetime

from domain.base import Message
from domain.gates import Stopped
from domain.invoice import InvoiceNow


class Task(Message):
    """What all tasks have in common."""

    invoice_id: str
    customer_id: str
    step: str  # the step's key
    as_of: datetime  # UTC, the workflow's time
    why: str  # the decision's one sentence
    waits: bool = False  # the provider makes all tries: nothing is taken away before its next one


class Done(Message):
    """An effect happened, unless something stood in its way."""

    invoice: InvoiceNow = InvoiceNow()  # as the activity read it on its way, if it did
    stopped: Stopped | None = None  # what stood in the way: nothing was done
