"""The message that asks, at once, for what only the customer can do, one per standing decline; and the one with the
link to pay that a customer has asked for on the telephone."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from domain.case import ChargeOutcome
from domain.kinds.message import channel_for, message
from domain.steps import OF_THE_INVOICES_METHOD, Stage, Step

if TYPE_CHECKING:
    from domain.situation import Situation

VERIFY = "ask-verify"
"""The request to confirm the small deposits on a bank account, once per case."""


def action_request(now: "Situation") -> Iterable[Step]:
    case = now.case
    if case.invoice.verifying:
        wanted, day = channel_for(now, VERIFY, now.policy.contacts.action_request), now.schedule.day_of(now.at)
        return () if VERIFY in case.steps else [message(now, VERIFY, now.at, day, wanted, Stage.ACTION)]
    if not (now.awaits_customer or now.method_spent) or case.method_changes > case.method_tried:
        return ()
    ours = (a for a in case.attempts if a.kind in OF_THE_INVOICES_METHOD)
    declines = sum(1 for a in ours if a.outcome is ChargeOutcome.DECLINED)
    key = f"ask-{declines}"
    if key in case.steps:
        return ()
    since = case.declined_at or case.facts.opened_at
    wanted = channel_for(now, key, now.policy.contacts.action_request)
    return [message(now, key, since, now.schedule.day_of(since), wanted, Stage.ACTION)]


def payment_link(now: "Situation") -> Iterable[Step]:
    """On the policy's channel for requests, by the same gates and caps as every message."""
    asked = now.case.link_asked_at
    if asked is None or (key := f"link-{asked:%Y%m%d%H%M%S}") in now.case.steps:
        return ()
    wanted = channel_for(now, key, now.policy.contacts.action_request)
    return [message(now, key, asked, now.schedule.day_of(asked), wanted, Stage.REMINDER)]
