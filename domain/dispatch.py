"""From a decision to the order that its activity gets."""

from datetime import datetime

from domain.case import Case, Outcome
from domain.effects import (
    AccessOrder,
    ChargeOrder,
    CloseOrder,
    ContactOrder,
    HandoffOrder,
    Order,
    RecallOrder,
    SubscriptionOrder,
    WriteOffOrder,
)
from domain.planner import Act, Close
from domain.record import Entry
from domain.steps import RECALL_SECOND, Access, AttemptKind, Channel, StepKind
from domain.truth import message_facts


def order_for(case: Case, act: Act, notes: tuple[Entry, ...], now: datetime) -> Order:
    """The order for one step. Everything the activity needs besides what it reads anew."""
    step, facts = act.step, case.facts
    common = {
        "invoice_id": facts.invoice_id,
        "customer_id": facts.customer_id,
        "step": step.key,
        "as_of": now,
        "why": act.why,
        "notes": notes,
    }
    match step.kind:
        case StepKind.CHARGE:
            return ChargeOrder(
                **common,
                attempt=case.next_attempt_number,
                kind=step.attempt_kind or AttemptKind.TIMELINE,
                method=case.method,
                policy=f"{case.policy.name}@{case.policy.version}",
                do_not_honor=case.policy.retries.do_not_honor,
            )
        case StepKind.REMIND:
            channel = step.channel or Channel.EMAIL
            said = message_facts(case, step, now)
            return ContactOrder(**common, channel=channel, language=facts.language, facts=said)
        case StepKind.RESTRICT | StepKind.RESTORE:
            access = step.access or Access.FULL
            return AccessOrder(**common, access=access, subscription_id=facts.subscription_id)
        case StepKind.CANCEL_SUBSCRIPTION:
            return SubscriptionOrder(**common, subscription_id=facts.subscription_id or "")
        case StepKind.HANDOFF:
            again = case.handoff is not None
            return HandoffOrder(**common, amount=case.due, again=again, begun_only=case.closing is not None)
        case StepKind.RECALL:
            handoff = case.handoff
            second = step.key == RECALL_SECOND
            reference = (handoff.second_reference if second else handoff.reference) if handoff else ""
            return RecallOrder(**common, reference=reference)
        case StepKind.WRITE_OFF:
            return WriteOffOrder(**common, outcome=case.closing.outcome if case.closing else Outcome.WRITTEN_OFF)


def order_to_close(case: Case, close: Close, notes: tuple[Entry, ...], now: datetime) -> CloseOrder:
    return CloseOrder(
        invoice_id=case.facts.invoice_id,
        customer_id=case.facts.customer_id,
        step="end-close",
        as_of=now,
        why=close.why,
        notes=notes,
        outcome=close.outcome,
        remaining=case.due,
        attempts=len(case.our_attempts),
    )
