"""What would follow from an order that is not given yet: the same decision that the case would take."""

from datetime import UTC
from typing import NamedTuple

from domain import events, life
from domain.calendar import minute
from domain.decisions import Act, Close, Decision, Wait
from domain.gates import Refuse
from domain.order_rules import ask_rules
from domain.situation import Situation


class Outlook(NamedTuple):
    """One of the two is empty."""

    then: str  # what is written down of it, and what the case does next
    refusal: str  # why the order would be refused


def foresee(now: Situation, name: str, order: events.Order) -> Outlook:
    """Whether the order would be taken now, and what the case would do next."""
    refusal = life.refused(now.case, name, order, now.at)
    answer = refusal or ask_rules(now, name, order)
    if isinstance(answer, Refuse):
        return Outlook("", answer.why)
    case = life.carry_out(now.case, name, order, now.at)
    entries = case.unwritten[len(now.case.unwritten) :]
    written = [f"{entry.step} {entry.what}" if entry.step in case.steps else entry.what for entry in entries]
    then = _in_words(life.decide(case, now.policy, now.circumstances, now.at).decided.decision)
    return Outlook("; ".join([*written, then]), "")


def _in_words(decision: Decision) -> str:
    match decision:
        case Act():
            return f"at once: {', '.join(effect.step.title for effect in decision.effects)} ({decision.why})"
        case Close():
            return f"closed as {decision.outcome.value} ({decision.why})"
        case Wait():
            until = f"until {minute(decision.until.astimezone(UTC))} UTC" if decision.until else "until told otherwise"
            return f"waits {until}: {decision.why}"
