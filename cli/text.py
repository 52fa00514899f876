"""Cases as text for an operator's terminal."""

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from domain.case import CaseStatus
from domain.plan import Planned
from domain.record import Entry
from service.calendars import PAST, Calendar
from service.correspondence import Said
from service.feed import FAILURES, Line
from service.reading import Shown
from workflows.messages import CaseView

Fact = tuple[str, str]

_NAMES = 17
"""How far the values of facts are moved in."""
_TIMES = 20
_DATES = 24


def columns() -> int | None:
    """How wide a line may be; None where no terminal shows it, and a program may read it line by line."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def shown_text(found: Shown, width: int | None = None) -> str:
    """One case with its plan."""
    number = found.row.invoice_number if found.row else None
    head = [f"Invoice {found.invoice_id}{f', number {number}' if number else ''} (all times in UTC)"]
    if found.view:
        facts, happened = (
            _facts_of(found.view, found.max_attempts),
            [(f"{e.at:%Y-%m-%d %H:%M}", _by_rule(str(e), e)) for e in found.view.record],
        )
        happened += [_entry(entry) for entry in found.record]
        head_of_plan = found.view.plan_is
    else:
        facts = _facts_of_row(found)
        happened = [_entry(entry) for entry in found.record]
        head_of_plan = "What comes"
    facts += _after_the_end(found)
    facts += [("Tried again", step) for step in found.in_hand]
    plan = [(f"{step.at:%Y-%m-%d %H:%M}", _planned(step)) for step in found.plan]
    answers = [(f"{one.at:%Y-%m-%d %H:%M}", str(one)) for one in found.answers]
    parts = [
        *_listed(facts, _NAMES, width),
        *(["", "What the customer wrote", *_listed(answers, _TIMES, width)] if answers else []),
        *(["", head_of_plan, *_listed(plan, _TIMES, width)] if plan else []),
        "",
        "What happened",
        *_listed(happened, _TIMES, width),
    ]
    return "\n".join([*head, *parts])


def messages_text(of: str, said: Sequence[Said]) -> str:
    """Every message of a case or a customer, each below its head."""
    count = f"{len(said)} {'message' if len(said) == 1 else 'messages'}"
    parts = [f"{of}: {count} (all times in UTC)"]
    for one in said:
        text = [f"Subject: {one.subject}", ""] if one.subject else []
        parts += ["", one.head, *(f"  {line}".rstrip() for line in (*text, *one.text.strip().splitlines()))]
    return "\n".join(parts)


def calendar_text(shown: Calendar, width: int | None = None) -> str:
    """A calendar, what has happened before what lies ahead."""
    parts = [f"{shown.head} (all times in {shown.zone})"]
    parts += ["", "Before a renewal", *(f"  {line}" for line in shown.before)] if shown.before else []
    for past, head in ((True, "What rules have decided"), (False, "What would happen")):
        rows = [(f"{row.at:%a %Y-%m-%d %H:%M}", row.said) for row in shown.rows if (row.what == PAST) is past]
        parts += ["", head, *_listed(rows, _DATES, width)] if rows else []
    return "\n".join(parts)


def record_text(line: Line) -> str:
    """One record of a file, in one line."""
    if line.result in FAILURES:
        return f"{line.result:<10} line {line.line}: {line.problem}"
    source = f"{line.event_type} {line.event_id}" if line.event_id else f"line {line.line}"
    note = f": {line.note}" if line.note else ""
    return f"{line.result:<10} {line.invoice_id or '-':<28} {source}{note}"


def _facts_of(view: CaseView, max_attempts: int | None) -> list[Fact]:
    most = "" if max_attempts is None else f" of {max_attempts}"
    facts = [
        ("Status", _status(view)),
        *(("On hold", hold) for hold in view.holds),
        *(("Tried again", step) for step in view.tried_again),
        *(("Warning", warning) for warning in view.warnings),
        *([("Stripe's try", view.own_try)] if view.own_try else []),
        ("Due", f"{view.due} of {view.amount}"),
        ("Decline", _decline(view)),
        ("Attempts", f"{view.attempts} ours; {view.counting_attempts} count towards the policy's limit{most}"),
        ("Stage", view.stage),
        ("Service", view.access.replace("_", "-")),
        *([("Agency", view.agency)] if view.agency else []),
        ("Policy", view.policy),
        ("Customer", f"{view.customer_id}{f', {view.zone}' if view.zone else ''}"),
        *(("Closed channel", f"{channel}: {why}") for channel, why in view.closed_channels.items()),
    ]
    if view.outcome is None:
        waits = "now" if view.next_step else "when the case hears of something"
        when = f"{view.next_at:%Y-%m-%d %H:%M}" if view.next_at else waits
        next_step = view.next_step or ("the case goes on" if view.holds else "look again")
        facts += [("Next", f"{next_step}, {when}"), ("Why", view.why)]
    return facts


def _facts_of_row(found: Shown) -> list[Fact]:
    row = found.row
    if row is None:
        return []
    next_at = f", {row.next_at:%Y-%m-%d %H:%M}" if row.next_at else ""
    return [
        ("Status", f"{row.status}{f', {row.outcome.value}' if row.outcome else ''}"),
        *([("On hold", row.hold)] if row.hold else []),
        ("Due", f"{row.remaining} of {row.amount}"),
        ("Decline", row.decline_code or "none"),
        ("Policy", row.policy),
        ("Customer", row.customer_id),
        ("Opened", f"{row.opened_at:%Y-%m-%d %H:%M}"),
        *([("Next", f"{row.next_step or 'look again'}{next_at}")] if row.status != "closed" else []),
        *([("Why", row.why)] if row.why else []),
    ]


def _after_the_end(found: Shown) -> list[Fact]:
    """What became of the money of a case that has ended, and what its row knows of another round."""
    row = found.row
    if row is None:
        return []
    part = "a part that was taken back, see below; this invoice does not ask for it"
    again = f"{row.remaining}, which were taken back since" if row.status == "closed" else part
    return [
        *([("Owed again", again)] if row.owed_again else []),
        *([("Billed anew as", row.reopened_as)] if row.reopened_as else []),
        *([("Bills anew", row.reopens)] if row.reopens else []),
        *([("Refund due", str(row.refund_due))] if row.refund_due else []),
    ]


def _entry(entry: Entry) -> Fact:
    said = f"{entry.what}: {entry.why}" if entry.why else entry.what
    return f"{entry.at:%Y-%m-%d %H:%M}", _by_rule(said, entry)


def _by_rule(said: str, entry: Entry) -> str:
    """With the rule and its edition, where one has put something off or forbidden it (docs/law.md has those of law)."""
    return f"{said} ({entry.rule})" if entry.rule else said


def _planned(step: Planned) -> str:
    if not step.done:
        return f"{step.title} is left out: {step.why}"
    return step.why if step.why.startswith(step.title) else f"{step.title}: {step.why}"


def _decline(view: CaseView) -> str:
    """The bank's code and what follows from it, both in words."""
    if not view.decline_code:
        return "none"
    said = f"{view.decline_code} ({view.decline_class})" if view.decline_class else view.decline_code
    return said.replace("_", " ")


def _status(view: CaseView) -> str:
    if view.outcome is None:
        return view.status.value
    return f"{'closed' if view.status is CaseStatus.CLOSED else 'closing'} as {view.outcome.value}"


def _listed(facts: Iterable[Fact], indent: int, width: int | None) -> Iterator[str]:
    """`  name  value`, the value's further lines below its first."""
    for name, value in facts:
        head = f"  {name:<{indent - 2}}"
        lines = wrap(value, width - indent, break_on_hyphens=False) if width else [value]
        yield f"{head}{lines[0] if lines else ''}".rstrip()
        yield from (f"{'':<{indent}}{line}" for line in lines[1:])
