"""Calls that people of the merchant make: what waits, what is said, who has it, and what came of it."""

import json
from datetime import date
from typing import Annotated

import typer

from cli.console import UNUSABLE, fail, one_sentence, option_names, run, told
from cli.options import AsJson, moment
from domain.calendar import minute
from domain.call_hours import written
from domain.calls import CallResult
from runtime.books import opened_ledger
from runtime.calls import call_queue
from runtime.desk import desk
from runtime.settings import Settings, load_settings
from service.call_results import CallSaid
from service.calls import PAGE, CallLine, CallSheet

CallId = Annotated[str, typer.Argument(help="The call's id (call_…).", show_default=False)]
Who = Annotated[str, typer.Option("--by", help="Who calls: a name.")]

calls = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="The queue of calls for people: list, show, take, give back, and say what came of a call.",
    rich_markup_mode=None,
)


@calls.command("list")
def list_calls(
    now: Annotated[bool, typer.Option("--now", help="Only those that may be called at this hour.")] = False,
    over: Annotated[bool, typer.Option("--over", help="Those that are done, expired or withdrawn instead.")] = False,
    limit: Annotated[int, typer.Option(help="How many at most.")] = PAGE,
    after: Annotated[str | None, typer.Option(metavar="CALL", help="Go on after the page that ended there.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the calls that wait, those that may be made now first. Times in UTC."""
    with one_sentence(), opened_ledger(load_settings()) as ledger:
        page = call_queue(load_settings(), ledger).page(over=over, now=now, after=after, limit=limit)
    for line in page.calls:
        print(line.model_dump_json() if as_json else _in_line(line))
    if not page.calls and not as_json:
        print("There is no such call.")
    if page.after:
        typer.echo(f"There are more: add --after {page.after}", err=True)


@calls.command("show")
def show(call: CallId, as_json: AsJson = False) -> None:
    """Show a call: who, what is due now, when, what to say, and what was told before. Personal data."""
    with one_sentence(), opened_ledger(load_settings()) as ledger:
        sheet = call_queue(load_settings(), ledger).sheet(call)
    print(sheet.model_dump_json() if as_json else _in_full(sheet))


@calls.command("take")
def take(call: CallId, by: Who, as_json: AsJson = False) -> None:
    """Take a call, and see what to say: it counts as made unless it is given back. Refused where it may not be made."""
    with one_sentence(), opened_ledger(load_settings()) as ledger:
        sheet = call_queue(load_settings(), ledger).take(call, by)
    print(sheet.model_dump_json() if as_json else _in_full(sheet))


@calls.command("give-back")
def give_back(call: CallId, by: Who, as_json: AsJson = False) -> None:
    """Give a call back that was not made: somebody else may take it, and nothing counts."""
    with one_sentence(), opened_ledger(load_settings()) as ledger:
        line = call_queue(load_settings(), ledger).give_back(call, by)
    told(as_json, f"{call} waits again.", **json.loads(line.model_dump_json()))


@calls.command("result")
def result(
    call: CallId,
    came: Annotated[CallResult, typer.Argument(metavar="RESULT", help=", ".join(CallResult), show_default=False)],
    by: Who,
    on: Annotated[str | None, typer.Option(metavar="DAY", help="Of a promise: by when it is paid, 2026-12-01.")] = None,
    amount: Annotated[str | None, typer.Option(help="Of a promise, if not all of it: 19.99")] = None,
    at: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Of call_back: when, 2026-12-01T10:00+07:00.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what came of a call that you have taken. The same said twice counts once."""

    async def work(settings: Settings) -> CallSaid:
        async with desk(settings) as here:
            return await here.calls.say(call, by, came, on=_day(on), amount=amount, at=moment(at))

    with option_names():
        said = run(work)
    again = f"; it waits to be made again from {minute(said.call_from)} UTC on" if said.call_from else ""
    case = "" if said.told else "; the case is over already"
    told(as_json, f"{call}: {came.words}{again}{case}.", **json.loads(said.model_dump_json()))


def _day(written: str | None) -> date | None:
    if written is None:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise fail(f"--on {written} is not a day: write it like 2026-12-01.", UNUSABLE) from None


def _in_line(line: CallLine) -> str:
    when = "now" if line.now else f"from {minute(line.call_from)}"
    who = f", {line.taken_by} has it until {minute(line.taken_until)}" if line.taken_until else ""
    state = f"{when}, until {minute(line.until)}{who}" if not line.end_why else f"{line.state.value}: {line.end_why}"
    return f"{line.call}  {line.invoice_id}  {state}"


def _in_full(sheet: CallSheet) -> str:
    may = "It may be called now." if sheet.may_call else sheet.why_not
    head = [
        f"{sheet.line.call}, invoice {sheet.line.invoice_id}, {sheet.line.state.value}",
        f"{sheet.name or 'name not known'}, {sheet.number or 'no number'}, {sheet.language}",
        f"in {sheet.zone} it is {sheet.local_time}",
        f"{sheet.due} due; {sheet.pay_link or 'no payment page'}",
        *(f"and {other.due} of {other.invoice_id}; {other.pay_link or 'no payment page'}" for other in sheet.others),
        may,
        *(f"  {window}" for window in sheet.local_windows),
        *([f"wants to be called {written(sheet.call_hours)}"] if sheet.call_hours else []),
        *([f"best: {sheet.local_best}"] if sheet.best else []),
        *([f"answered before: {', '.join(sheet.answered_before)}"] if sheet.answered_before else []),
    ]
    script = sheet.script
    said = [
        "First, whoever answers:",
        f"  {script.ask}",
        "If it is a machine:",
        f"  {script.machine}",
        "If it is somebody else:",
        f"  {script.stranger}",
        "If it is the customer, before anything else:",
        f"  {script.check}",
        "And only when that is right:",
        *(f"  {line}" for line in script.lines),
    ]
    before = [f"  {past.at:%Y-%m-%d %H:%M}  {past.what}" for past in sheet.history]
    return "\n".join([*head, "", *said, *(["", "Before (UTC)", *before] if before else [])])
