"""How a case reads: the query's answer, and the Markdown that the Temporal UI shows."""

from datetime import datetime

from domain.calendar import local, minute
from domain.case import Case
from domain.decisions import Act, Close, Wait
from domain.holds import goes_on_at, in_full
from domain.kinds.access import standing_access
from domain.kinds.message import stage_of
from domain.life import Decided
from domain.reasons import cause
from domain.record import POSTPONED, Entry
from domain.retries import in_utc, two_owners
from workflows.messages import CaseView, Happened, in_words


def view(case: Case, decided: Decided | None, *, deciding: bool = False) -> CaseView:
    """The case as it stands, with its newest decision (None before the first); `deciding`: the next is on its way."""
    decision = decided.decision if decided else None
    step = decision.step if isinstance(decision, Wait | Act) else None
    decline_class = case.decline_class
    closed = {**(decided.closed_channels if decided else {}), **case.closed_channels}
    return CaseView(
        invoice_id=case.facts.invoice_id,
        customer_id=case.facts.customer_id,
        status=case.status,
        stage=stage_of(case),
        policy=str(case.policy),
        amount=case.facts.amount,
        due=case.due,
        decline_class=decline_class.value if decline_class else None,
        decline_code=case.decline.code if case.decline else None,
        attempts=len(case.our_attempts),
        counting_attempts=len(case.counting_attempts),
        holds=in_full(case),
        tried_again=_tried_again(case),
        warnings=_warnings(case),
        agency=_agency(case),
        own_try=_own_try(case),
        access=standing_access(case).value,
        closed_channels={channel.value: why for channel, why in closed.items()},
        outcome=case.closing.outcome if case.closing else None,
        next_at=decision.until if isinstance(decision, Wait) else None,
        next_step=step.title if step else None,
        next_key=step.key if step else None,
        version=case.version,
        why=decision.why if decision else "nothing is decided yet",
        deciding=deciding,
        zone=case.zone,
        plan_is=ahead_title(case),
        steps={key: f"{r.state.value}: {r.note}" if r.note else r.state.value for key, r in case.steps.items()},
        record=tuple(happened(case, entry) for entry in case.record),
    )


def happened(case: Case, entry: Entry) -> Happened:
    """An entry as people read it."""
    return Happened(**entry.model_dump(), title=_title(case, entry))


def _title(case: Case, entry: Entry) -> str | None:
    known = case.steps.get(entry.step) or case.unfinished.get(entry.step)
    return known.step.title if known and POSTPONED not in entry.what else None


def details(case: Case, decided: Decided | None, *, deciding: bool = False) -> str:
    """Markdown for an operator: what is next and why, the facts, what is to come, what happened. Times in UTC.

    Whatever today's rules and time zones make of a case that was decided long ago: there is always something to read.
    """
    try:
        return _details(case, decided, deciding=deciding)
    except Exception as error:
        return (
            f"This worker cannot show the case ({type(error).__name__}). The case goes on all the same, and the ledger"
            f" has its record: `python starter.py show {case.facts.invoice_id}`"
        )


def _details(case: Case, decided: Decided | None, *, deciding: bool) -> str:
    facts = case.facts
    at = decided.at if decided else facts.opened_at
    rows = [
        ("Status", case.status.value.replace("_", " ")),
        *(("On hold", hold) for hold in in_full(case)),
        *(("Tried again", tried) for tried in _tried_again(case)),
        *(("Warning", warning) for warning in _warnings(case)),
        *((("Stripe's try", own),) if (own := _own_try(case)) else ()),
        ("Due", f"{case.due} of {facts.amount}"),
        *([("Refund due", str(case.refund_due))] if case.refund_due else []),
        *([("Bills anew", f"`{facts.reopens}`")] if facts.reopens else []),
        ("Cause", cause(case)),
        ("Attempts", f"{len(case.our_attempts)} ours, {len(case.counting_attempts)} counting{_by_stripe(case)}"),
        ("Service", standing_access(case).value.replace("_", "-")),
        ("Policy", str(case.policy)),
        ("Customer", f"`{facts.customer_id}`, {facts.country or 'country unknown'}, {_zone(case, at)}"),
    ]
    if agency := _agency(case):
        rows.append(("Agency", agency))
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    lines = [f"- {minute(entry.at)} {in_words(entry, _title(case, entry))}" for entry in reversed(case.record)]
    return (
        f"**{_headline(decided, deciding=deciding)}**\n\n| | |\n|---|---|\n{table}\n\n"
        f"{_ahead(case, decided)}#### What happened (UTC, newest first)\n" + "\n".join(lines) + "\n"
    )


def _tried_again(case: Case) -> tuple[str, ...]:
    """The steps whose provider did not answer, each with what it said last."""
    return tuple(
        f"{known.step.title}: {known.trouble or 'no answer'}; again at {minute(known.not_before)} UTC"
        for known in case.unfinished.values()
        if known.times and known.not_before
    )


def _agency(case: Case) -> str | None:
    """Under which reference the agency has the case, and whether it said so."""
    if case.handoff is None:
        return None
    return f"{case.handoff.reference}, {'acknowledged' if case.handoff.acknowledged else 'not acknowledged'}"


def _warnings(case: Case) -> tuple[str, ...]:
    """What an operator has to put right outside the case."""
    warning = None if case.closing else two_owners(case.retry_owner, case.invoice.next_try_at)
    return (warning,) if warning else ()


def _by_stripe(case: Case) -> str:
    made = case.invoice.tries.made if case.invoice.tries else 0
    return f", {made} by Stripe itself" if made else ""


def _own_try(case: Case) -> str | None:
    """When Stripe tries by itself, where that is as it should be."""
    planned = None if case.closing or _warnings(case) else case.invoice.next_try_at
    return in_utc(planned) if planned else None


def _ahead(case: Case, decided: Decided | None) -> str:
    """The steps that lie ahead as things stand."""
    if not decided or not decided.ahead:
        return ""
    lines = [f"- {minute(step.at)} {step.title}" for step in decided.ahead]
    return f"#### {ahead_title(case)} (UTC)\n" + "\n".join(lines) + "\n\n"


def ahead_title(case: Case) -> str:
    """What has to be said of the plan's dates."""
    if not case.holds:
        return "Unless something happens"
    return "Once the hold has ended" if goes_on_at(case) else "Once it goes on, with the dates as if that were now"


def _zone(case: Case, at: datetime) -> str:
    return f"{case.zone} (UTC{local(at, case.zone).isoformat()[-6:]})"


def _headline(decided: Decided | None, *, deciding: bool) -> str:
    if decided is None:
        return "Nothing is decided yet"
    decision = decided.decision
    match decision:
        case Wait() if deciding:
            return f"What is next is being decided. Until now: {decision.why}"
        case Wait(until=None):
            return f"Waits until told otherwise: {decision.why}"
        case Wait():
            return f"Next: {decision.why}"
        case Act():
            return f"Now: {decision.why}"
        case Close():
            return f"Closed as {decision.outcome.value}: {decision.why}"
