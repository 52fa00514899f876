"""The case as lists and reports see it: what each decision leaves in the ledger's row."""

from datetime import datetime

from domain.base import Message
from domain.case import CaseStatus, Outcome
from domain.money import Money
from domain.steps import Access


class Projection(Message):
    """One case at its newest decision. No personal data."""

    status: CaseStatus
    stage: str  # of the newest message; `silent` before the first
    remaining: Money
    decline_code: str | None = None
    decline_class: str | None = None
    access: Access = Access.FULL
    hold: str | None = None  # why it stands still, in words
    next_at: datetime | None = None  # UTC; None: until it is told something
    next_step: str | None = None  # what happens then: "retry on day 5"
    why: str = ""  # the decision's reason
    outcome: Outcome | None = None  # once closed
