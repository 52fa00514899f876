"""The case as lists, reports and searches see it: what each decision leaves in the ledger and in Temporal."""

from datetime import datetime

from domain.base import Message, unchecked
from domain.case import Case, CaseStatus, Outcome
from domain.decisions import Act, Close, Wait
from domain.kinds.access import standing_access
from domain.kinds.handoff import begun_handoff
from domain.kinds.message import stage_of
from domain.money import Money
from domain.retries import BESIDE, two_owners
from domain.steps import Access

_LONGEST_KEYWORD = 100  # letters; the merchant's own text, and Temporal's SQL stores take 255


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
    refund_due: Money | None = None  # what came in twice, to be given back
    silent: bool = False  # nothing is said of it any more, or until it is known what became of the handoff


new_projection = unchecked(Projection)


def projection_of(case: Case, decision: Wait | Act | Close) -> Projection:
    """How the case stands once the decision is taken."""
    step = None if decision.does == "close" else decision.step
    decline, decline_class = case.decline, case.decline_class
    holds = case.holds
    tries = case.invoice.tries
    # What was left to be said is cut off by the decision that begins the end.
    ends = decision.does == "act" and decision.effects[0].step.ends
    both = tries and case.closing is None and two_owners(case.retry_owner, tries.next_at)
    return new_projection(
        status=case.status,
        stage=stage_of(case),
        remaining=case.due,
        decline_code=decline.code if decline else None,
        decline_class=str(decline_class) if decline_class else None,
        access=standing_access(case),
        hold="; ".join(map(str, holds)) if holds else None,
        next_at=decision.until if decision.does == "wait" else None,
        next_step=step.title if step else None,
        why=f"{decision.why}; {BESIDE}" if both else decision.why,
        outcome=decision.outcome if decision.does == "close" else None,
        refund_due=case.refund_due,
        silent=bool(ends or case.closing or case.handoff or (case.unfinished and begun_handoff(case))),
    )


def searchable(case: Case, projection: Projection) -> dict[str, str | int]:
    """What a case can be searched by in Temporal, by short names. No personal data: the customer is an opaque id."""
    facts, due = case.facts, case.due
    found: dict[str, str | int] = {
        "status": str(projection.status),
        "stage": projection.stage,
        "segment": facts.segment[:_LONGEST_KEYWORD],
        "policy": str(case.policy),
        "currency": due.currency,
        "customer": facts.customer_id,
        "amount": due.amount,
    }
    if projection.decline_class:
        found["decline_class"] = projection.decline_class
    if case.holds:
        found["hold"] = " ".join(sorted({hold.reason.value for hold in case.holds}))  # several words, a list
    if projection.outcome:
        found["outcome"] = projection.outcome.value
    if projection.next_at:
        found["next_step_at"] = int(projection.next_at.timestamp())
    return found
