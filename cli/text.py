"""Cases as text for an operator's terminal."""

from collections.abc import Iterable

from domain.case import CaseStatus
from service.feed import FAILURES, Line
from service.reading import FromLedger
from workflows.messages import CaseView


def case_text(view: CaseView) -> str:
    """One case: what is next and why, the facts, what happened."""
    facts = [
        ("Status", _status(view)),
        ("Due", f"{view.due} of {view.amount}"),
        ("Decline", f"{view.decline_code} ({view.decline_class})" if view.decline_code else "none"),
        ("Attempts", f"{view.attempts} ours, {view.counting_attempts} counting"),
        ("Stage", view.stage),
        ("Service", view.access),
        ("Policy", view.policy),
        ("Customer", view.customer_id),
        *(("On hold", hold) for hold in view.holds),
        *(("Closed channel", f"{channel}: {why}") for channel, why in view.closed_channels.items()),
    ]
    if view.outcome is None:
        when = f"{view.next_at:%Y-%m-%d %H:%M} UTC" if view.next_at else "when the case is told something"
        facts += [("Next", f"{view.next_step or 'look again'}, {when}"), ("Why", view.why)]
    happened = [f"  {entry.at:%Y-%m-%d %H:%M} {entry}" for entry in view.record]
    return "\n".join([f"Invoice {view.invoice_id}", *_aligned(facts), "", "What happened", *happened])


def ledger_text(known: FromLedger) -> str:
    """What the ledger alone knows of a case."""
    row = known.row
    facts = [
        ("Status", f"{row.status}{f', {row.outcome.value}' if row.outcome else ''}"),
        ("Due", f"{row.remaining} of {row.amount}"),
        ("Decline", row.decline_code or "none"),
        ("Policy", row.policy),
        ("Customer", row.customer_id),
        ("Opened", f"{row.opened_at:%Y-%m-%d %H:%M} UTC"),
    ]
    happened = [f"  {entry.at:%Y-%m-%d %H:%M} {entry.what}: {entry.why}" for entry in known.record]
    return "\n".join([f"Invoice {row.invoice_id}", *_aligned(facts), "", "What happened", *happened])


def record_text(line: Line) -> str:
    """One record of a file, in one line."""
    if line.result in FAILURES:
        return f"{line.result:<10} line {line.line}: {line.problem}"
    source = f"{line.event_type} {line.event_id}" if line.event_id else f"line {line.line}"
    return f"{line.result:<10} {line.invoice_id or '-':<28} {source}"


def _status(view: CaseView) -> str:
    if view.outcome is None:
        return view.status.value
    return f"{'closed' if view.status is CaseStatus.CLOSED else 'closing'} as {view.outcome.value}"


def _aligned(facts: Iterable[tuple[str, str]]) -> list[str]:
    return [f"  {name:<15}{value}" for name, value in facts]
