"""The message that asks, at once, for what only the customer can do. One per standing decline."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from domain.case import ChargeOutcome
from domain.kinds.message import message
from domain.steps import OURS, Stage, Step

if TYPE_CHECKING:
    from domain.situation import Situation

VERIFY = "ask-verify"
"""The request to confirm the small deposits on a bank account, once per case."""


def action_request(now: "Situation") -> Iterator[Step]:
    case = now.case
    if case.invoice.verifying:
        if VERIFY not in case.steps:
            wanted, day = now.policy.contacts.action_request, now.schedule.day_of(now.at)
            yield message(now, VERIFY, now.at, day, wanted, Stage.ACTION)
        return
    if not now.awaits_customer or case.method_changes > case.method_tried:
        return
    declines = sum(1 for a in case.attempts if a.kind in OURS and a.outcome is ChargeOutcome.DECLINED)
    key = f"ask-{declines}"
    if key not in case.steps:
        since = case.declined_at or case.facts.opened_at
        wanted = now.policy.contacts.action_request
        yield message(now, key, since, now.schedule.day_of(since), wanted, Stage.ACTION)
