"""How a case reads: the query's answer, and the Markdown that the Temporal UI shows."""

from datetime import datetime

from domain.timeline import pending

from domain.calendar import local
from domain.case import Case
from domain.decisions import Act, Close, Decision, Wait
from domain.reasons import cause, why_blocked
from workflows.messages import CaseView


def next_at(decision: Decision) -> datetime | None:
    return decision.until if isinstance(decision, Wait) else None


def view(case: Case, decision: Decision) -> CaseView:
    step = None if isinstance(decision, Close) else decision.step
    return CaseView(
        invoice_id=case.facts.invoice_id,
        customer_id=case.facts.customer_id,
        status=case.status,
        stage=case.stage,
        policy=f"{case.policy.name}@{case.policy.version}",
        amount=case.facts.amount,
        due=case.due,
        decline_class=case.decline_class.value if case.decline_class else None,
        decline_code=case.decline.code if case.decline else None,
        attempts=len(case.our_attempts),
        counting_attempts=len(case.counting_attempts),
        holds=tuple(f"{h.reason.value}: {h.note}" for h in case.holds),
        access=case.access.value,
        closed_channels={channel.value: why for channel, why in case.closed_channels.items()},
        outcome=case.closing.outcome if case.closing else None,
        next_at=next_at(decision),
        next_step=step.title if step else None,
        why=decision.why,
        steps={key: _record(r.state.value, r.note) for key, r in case.steps.items()},
        journal=case.journal,
    )


def details(case: Case, decision: Decision, now: datetime) -> str:
    """Markdown for an operator: what is next and why, the facts, what is to come, what happened."""
    facts = case.facts
    rows = [
        ("Status", case.status.value.replace("_", " ")),
        ("Due", f"{case.due} of {facts.amount}"),
        ("Cause", cause(case)),
        ("Attempts", f"{len(case.our_attempts)} ours, {len(case.counting_attempts)} counting"),
        ("Service", case.access.value.replace("_", "-")),
        ("Policy", f"{case.policy.name}@{case.policy.version}"),
        ("Customer", f"`{facts.customer_id}`, {facts.country or 'country unknown'}, {case.zone}"),
    ]
    if case.handoff:
        said = "acknowledged" if case.handoff.acknowledged_at else "not acknowledged"
        rows.append(("Agency", f"{case.handoff.reference}, {said}"))
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    happened = "\n".join(f"- {line}" for line in reversed(case.journal))
    return (
        f"**{_headline(decision)}**\n\n| | |\n|---|---|\n{table}\n\n"
        f"{_coming(case, decision, now)}#### What happened (UTC)\n{happened}\n"
    )


def _coming(case: Case, decision: Decision, now: datetime) -> str:
    """The steps that lie ahead as things stand, in the customer's time."""
    if isinstance(decision, Close) or case.handoff or case.closing or case.holds:
        return ""
    steps = sorted((s for s in pending(case, now) if not why_blocked(case, s)), key=lambda step: step.due)
    lines = [f"- {local(step.due, case.zone):%Y-%m-%d %H:%M} {step.title}" for step in steps]
    return f"#### Unless something happens ({case.zone})\n" + "\n".join(lines) + "\n\n"


def _headline(decision: Decision) -> str:
    match decision:
        case Wait(until=None):
            return f"Waits until told otherwise: {decision.why}"
        case Wait():
            return f"Next: {decision.why}"
        case Act():
            return f"Now: {decision.why}"
        case Close():
            return f"Closed as {decision.outcome.value}: {decision.why}"


def _record(state: str, why: str) -> str:
    return f"{state}: {why}" if why else state
