"""What the demo found: the cases, the totals and the audit, for reading and as report.json."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.box import HEAVY_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table

from domain.base import Frozen
from domain.money import Money
from gateways.ports.rows import CaseRow
from sandbox.play.audit import PROMISES, Findings
from sandbox.play.audit_of_law import LAW, Place, Rule, name_of
from sandbox.play.audit_of_reality import REALITY
from sandbox.play.case_history import CaseHistory
from sandbox.play.customers import Actor, is_our_try
from sandbox.play.renewing import RenewalReport, renewals_table
from sandbox.play.report_of_calls import Ended, calls_table
from sandbox.play.report_of_closings import closings_table, told_at_the_end
from sandbox.play.script import Expected
from sandbox.providers.journal import CHANNELS, LogEntry

NAMES = {
    "email": "e-mail",
    "sms": "SMS",
    "notice": "notice",
    "whatsapp": "chat",
    "line": "chat",
    "letter": "letter",
    "phone": "call",
}
_WIDE = 160
"""Characters that the whole table of cases needs."""
_DECLINE = 21
"""Characters of a decline code in one line: most fit, and leave room for the stories."""


class CaseReport(Frozen):
    """One case. Amounts in minor units; days are local days of the customer from the opening on."""

    invoice_id: str
    customer: str  # the script's key
    story: str
    country: str
    amount: int
    currency: str
    policy: str | None
    decline_code: str | None
    decline_class: str | None
    attempts: int  # charges of ours that reached the provider
    contacts: dict[str, int]  # by channel, as the providers accepted them; about all that the customer owes
    closing: dict[str, tuple[str, ...]]  # how the end was told, by channel
    wakeups: int  # timers that rang
    effects: int  # activities
    history_events: int  # without those that only time skipping writes
    outcome: str | None
    closed_on_day: int | None
    recovered: int  # paid, by whatever way
    expected_outcome: str | None
    differences: tuple[str, ...]  # from what the script expects, a sentence each
    ok: bool


class MoneyTotal(Frozen):
    """Money of one currency, in minor units."""

    at_stake: int
    recovered: int
    share: float
    text: str


class ClassTotal(Frozen):
    """The cases of one decline class."""

    cases: int
    recovered: int
    share: float
    money: dict[str, MoneyTotal]  # by currency


class Totals(Frozen):
    """Sums over all cases."""

    cases: int
    outcomes: dict[str, int]
    money: dict[str, MoneyTotal]
    by_decline_class: dict[str, ClassTotal]


class LawTotal(Frozen):
    """What happened under the law of one country, state or province."""

    contacts: int
    out_of_hours: int
    above_caps: int
    postponed: dict[str, int]  # by rule, with its edition
    refused: dict[str, int]


class RuleTotal(Frozen):
    """What one rule put off and forbade, and why, for example."""

    example: str
    postponed: int
    refused: int


class CallTotal(Frozen):
    """Calls that ended alike. What was not made stands with people's."""

    by_people: int
    automatic: int


class Report(Frozen):
    """The whole report; `audit` has one count for each promise, `law` a row for each place, `rules` for each rule."""

    ok: bool
    seconds: float
    cases: tuple[CaseReport, ...]
    renewals: tuple[RenewalReport, ...]
    totals: Totals
    audit: dict[str, int]
    law: dict[str, LawTotal]
    rules: dict[str, RuleTotal]
    calls: dict[str, CallTotal]  # by what became of them
    findings: tuple[str, ...]
    restarts: dict[str, int]


@dataclass(frozen=True)
class Played:
    """One case after the play."""

    actor: Actor
    history: CaseHistory | None  # None: no case was opened
    row: CaseRow | None
    entries: Sequence[LogEntry]  # the stand-ins' journal of this customer, without what is about another invoice
    messages: Sequence[LogEntry]  # and calls, to this customer: one may be about several invoices
    closings: Sequence[LogEntry]  # the messages that told how it ended


def build_report(
    played: Sequence[Played],
    renewals: Sequence[RenewalReport],
    found: Findings,
    seconds: float,
    restarts: Mapping[str, int],
    law: Mapping[str, Place],
    rules: Mapping[str, Rule],
    calls: Mapping[str, Ended],
) -> Report:
    cases = tuple(_case(one) for one in played)
    findings = tuple(f"{promise}: {sentence}" for promise, sentences in found.items() for sentence in sentences)
    return Report(
        ok=not findings and all(one.ok for one in cases) and all(one.ok for one in renewals),
        seconds=round(seconds, 1),
        cases=cases,
        renewals=tuple(renewals),
        totals=_totals(cases),
        audit={promise: len(found[promise]) for promise in PROMISES},
        law={country: LawTotal.model_validate(place._asdict()) for country, place in law.items()},
        rules={rule: RuleTotal.model_validate(did._asdict()) for rule, did in rules.items()},
        calls={end: CallTotal.model_validate(counts._asdict()) for end, counts in calls.items()},
        findings=findings,
        restarts=dict(restarts),
    )


def _case(one: Played) -> CaseReport:
    actor, script = one.actor, one.actor.script
    invoice = actor.world.stripe.get(actor.invoice)
    history = one.history or CaseHistory(actor.invoice, 0, 0, ())
    contacts = Counter(CHANNELS.get(entry.kind, entry.kind) for entry in one.messages)
    attempts = len({entry.key for entry in one.entries if is_our_try(entry)})
    day = actor.day(history.closed_at) if history.closed_at else None
    closing = told_at_the_end(one.closings)
    differences = tuple(_differences(script.expect, history.outcome, attempts, contacts, closing, day))
    return CaseReport(
        invoice_id=actor.invoice,
        customer=script.key,
        story=script.story,
        country=script.country,
        amount=script.money.amount,
        currency=script.money.currency,
        policy=one.row.policy if one.row else None,
        decline_code=one.row.decline_code if one.row else None,
        decline_class=one.row.decline_class if one.row else None,
        attempts=attempts,
        contacts={channel: contacts[channel] for channel in CHANNELS.values()},
        closing=closing,
        wakeups=history.wakeups,
        effects=len(history.effects),
        history_events=history.events,
        outcome=history.outcome,
        closed_on_day=day,
        recovered=invoice["amount_paid"],
        expected_outcome=script.expect.outcome.value if script.expect.outcome else None,
        differences=differences,
        ok=not differences,
    )


def _differences(
    expected: Expected,
    outcome: str | None,
    attempts: int,
    contacts: Mapping[str, int],
    closing: Mapping[str, tuple[str, ...]],
    day: int | None,
) -> list[str]:
    wanted = expected.outcome.value if expected.outcome else None
    pairs: list[tuple[str, object, object]] = [
        ("outcome", wanted or "none", outcome or "none"),
        ("attempts", expected.attempts, attempts),
        *((each, getattr(expected, each), contacts.get(each, 0)) for each in CHANNELS.values()),
        ("told at the end", _ends_told(expected), dict(closing)),
        ("day of the end", expected.day, day),
    ]
    return [f"{name}: expected {want}, got {got}" for name, want, got in pairs if want is not None and want != got]


def _ends_told(expected: Expected) -> dict[str, tuple[str, ...]] | None:
    if expected.closing is None:
        return None
    return {channel.value: tuple(one.value for one in told) for channel, told in expected.closing.items()}


def _totals(cases: Sequence[CaseReport]) -> Totals:
    opened = [case for case in cases if case.policy]
    classes: dict[str, ClassTotal] = {}
    for name in sorted({case.decline_class or "none" for case in opened}):
        mine = [case for case in opened if (case.decline_class or "none") == name]
        won = sum(case.outcome == "recovered" for case in mine)
        share = round(won / len(mine), 2)
        classes[name] = ClassTotal(cases=len(mine), recovered=won, share=share, money=_money(mine))
    outcomes = Counter(case.outcome or "open" for case in opened)
    return Totals(cases=len(opened), outcomes=dict(outcomes), money=_money(opened), by_decline_class=classes)


def _money(cases: Sequence[CaseReport]) -> dict[str, MoneyTotal]:
    """Sums by currency: no sum crosses currencies."""
    money: dict[str, MoneyTotal] = {}
    for currency in sorted({case.currency for case in cases}):
        mine = [case for case in cases if case.currency == currency]
        stake, back = sum(case.amount for case in mine), sum(case.recovered for case in mine)
        text = f"{Money(amount=back, currency=currency)} of {Money(amount=stake, currency=currency)}"
        money[currency] = MoneyTotal(at_stake=stake, recovered=back, share=round(back / stake, 2), text=text)
    return money


def show(report: Report, console: Console) -> None:
    """Prints the tables."""
    console.print(
        Group(_cases_table(report, console.width), _money_table(report), _class_table(report), *_audit_tables(report))
    )
    for sentence in report.findings:
        console.print(f"Promise broken: {sentence}", style="bold red", markup=False, emoji=False, highlight=False)
    differences = [f"{case.customer} ({case.invoice_id}): {one}" for case in report.cases for one in case.differences]
    differences += [f"{renewal.customer}: {one}" for renewal in report.renewals for one in renewal.differences]
    for said in differences:
        console.print(f"Not as the script says: {said}", style="bold red", markup=False, emoji=False, highlight=False)
    console.print(
        _verdict(report), style="bold green" if report.ok else "bold red", markup=False, emoji=False, highlight=False
    )


def _verdict(report: Report) -> str:
    """What somebody who has seen no demo before looks for."""
    broken = sum(1 for count in report.audit.values() if count)
    everybody = [*(one.ok for one in report.cases), *(one.ok for one in report.renewals)]
    otherwise = everybody.count(False)
    if report.ok:
        return f"All {len(report.audit)} promises were kept, and all {len(everybody)} customers end as the script says."
    return (
        f"{broken} of {len(report.audit)} promises were broken, and {otherwise} of {len(everybody)} customers do "
        "not end as the script says: see the lines above."
    )


def _cases_table(report: Report, width: int) -> RenderableType:
    """With less room it does without the stories (report.json has them), so that no figure and no outcome is cut."""
    wide = width >= _WIDE
    table = Table(title="Cases", title_justify="left", header_style="bold", pad_edge=False, collapse_padding=not wide)
    table.box = HEAVY_HEAD if wide else None
    table.add_column("customer", no_wrap=True)
    if wide:
        table.add_column("what the customer does", max_width=44)
    table.add_column("amount", no_wrap=True)
    table.add_column("decline", overflow="fold", max_width=_DECLINE if wide else None)
    for name in ("tries", *(dict.fromkeys(NAMES.values()) if wide else ("contacts",))):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    for name in ("day", "events", *(("wake-ups",) if wide else ())):
        table.add_column(name, justify="right", no_wrap=True)
    for case in report.cases:
        counted: Counter[str] = Counter()
        for channel, name in NAMES.items():
            counted[name] += case.contacts.get(channel, 0)
        contacts = [str(count or "") for count in counted.values()]
        ended = case.outcome or ("open" if case.policy else "no case")
        table.add_row(
            f"{case.customer} {case.country}",
            *([case.story] if wide else []),
            str(Money(amount=case.amount, currency=case.currency)),
            case.decline_code or "",
            str(case.attempts or ""),
            *(contacts if wide else [str(sum(case.contacts.values()) or "")]),
            f"[green]{ended}[/]" if case.ok else f"[bold red]{ended}[/]",
            "" if case.closed_on_day is None else str(case.closed_on_day),
            str(case.history_events),
            *([str(case.wakeups)] if wide else []),
        )
    table.caption = (
        "tries: our charges. day: of the end, from the failure on. events: in Temporal's history of the case."
    )
    return table


def _money_table(report: Report) -> RenderableType:
    table = Table(title="Recovered money", title_justify="left", header_style="bold")
    table.add_column("recovered of what was due", justify="right", no_wrap=True)
    table.add_column("share", justify="right")
    for total in report.totals.money.values():
        table.add_row(total.text, f"{total.share:.0%}")
    return table


def _class_table(report: Report) -> RenderableType:
    table = Table(title="Recovered by decline class", title_justify="left", header_style="bold")
    table.add_column("decline class", no_wrap=True)
    table.add_column("cases", justify="right", no_wrap=True)
    table.add_column("share", justify="right")
    table.add_column("recovered of what was due")
    for name, group in report.totals.by_decline_class.items():
        money = "; ".join(total.text for total in group.money.values())
        table.add_row(name.replace("_", " "), f"{group.recovered} of {group.cases}", f"{group.share:.0%}", money)
    ended = ", ".join(f"{count} {name}" for name, count in sorted(report.totals.outcomes.items()))
    table.caption = f"{report.totals.cases} cases: {ended}"
    return table


def _audit_tables(report: Report) -> Iterator[RenderableType]:
    own = {promise: meaning for promise, meaning in PROMISES.items() if promise not in REALITY.keys() | LAW.keys()}
    yield _audit_table(report, "Audit, from the providers' own records", own)
    yield _audit_table(report, "Audit of the law of the place (docs/law.md)", LAW)
    yield _law_table(report)
    yield _rules_table(report)
    yield calls_table({end: Ended(total.by_people, total.automatic) for end, total in report.calls.items()})
    yield closings_table([case.closing for case in report.cases])
    yield renewals_table(report.renewals)
    yield _audit_table(report, "Audit of what really happens (docs/reality.md)", REALITY)


def _law_table(report: Report) -> RenderableType:
    table = Table(title="The law, by place", title_justify="left", header_style="bold")
    table.add_column("place", no_wrap=True)
    for name in ("contacts", "out of hours", "above caps"):
        table.add_column(name, justify="right")
    for name in ("postponed by rule", "refused by rule"):
        table.add_column(name, overflow="fold")
    for country, place in report.law.items():
        wrong = (f"[bold red]{count}[/]" if count else "0" for count in (place.out_of_hours, place.above_caps))
        table.add_row(name_of(country), str(place.contacts), *wrong, _counted(place.postponed), _counted(place.refused))
    return table


def _rules_table(report: Report) -> RenderableType:
    table = Table(title="What was put off or not done, by rule", title_justify="left", header_style="bold")
    table.add_column("rule @ its edition", overflow="fold")
    table.add_column("for example")
    for name in ("put off", "not done"):
        table.add_column(name, justify="right")
    for rule, did in report.rules.items():
        table.add_row(rule, did.example, str(did.postponed or ""), str(did.refused or ""))
    return table


def _counted(rules: Mapping[str, int]) -> str:
    return "\n".join(f"{rule} {count}" for rule, count in sorted(rules.items()))


def _audit_table(report: Report, title: str, promises: Mapping[str, str]) -> RenderableType:
    table = Table(title=title, title_justify="left", header_style="bold")
    table.add_column("promise")
    table.add_column("broken", justify="right")
    for promise, meaning in promises.items():
        count = report.audit[promise]
        table.add_row(meaning, f"[bold red]{count}[/]" if count else "[green]0[/]")
    return table
