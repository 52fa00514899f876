"""Starts dunning cases from failed invoices, shows them, and takes an operator's orders."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console

from domain import events
from domain.base import Message
from domain.steps import Channel
from gateways.ledger.database import upgrade_schema
from gateways.policy_files import PolicyError, load_policy
from runtime import console
from runtime.console import Desk, desk, fail, run
from runtime.feed import FAILURES, take_all
from runtime.leaving import leave
from runtime.operator import NoWorker, OperatorError
from runtime.set_up import register_search_attributes
from runtime.settings import Settings
from runtime.show import STATUSES, Listed, all_cases, case_table, case_text, ledger_text, listed, record_text
from runtime.temporal import connect
from workflows import attributes
from workflows.messages import CaseView

app = typer.Typer(
    help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)

Invoice = Annotated[str, typer.Argument(help="Stripe's id of the invoice, in_…", show_default=False)]
Note = Annotated[str, typer.Option(help="Why; kept with the case. No personal data.")]
By = Annotated[str, typer.Option(help="Who gives the order.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]
_DAYS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]
_UNTIL = "2026-12-01 (its beginning in UTC) or 2026-12-01T09:00+07:00; without it until resumed."


@app.command()
def start(
    file: Annotated[str, typer.Argument(metavar="[FILE|-]", help="The file with the records; - is stdin.")] = "-",
    as_json: AsJson = False,
) -> None:
    """Take in Stripe events or failed invoices, and open a case for each unpaid invoice.

    FILE holds a JSON array, one object, or one object per line. A record with id, type and data is a Stripe event;
    one with invoice_id is a failed invoice of another billing system. The same input may be given again: an invoice
    never gets a second case. Exits with 1 when a record could not be taken.
    """
    text = console.read_text(file)

    async def work(settings: Settings) -> tuple[int, int]:
        taken = failed = 0
        async with desk(settings) as here:
            async for line in take_all(console.intake_of(settings, here.client, here.ledger), text):
                print(line.model_dump_json() if as_json else record_text(line), flush=True)
                taken += 1
                failed += line.result in FAILURES
        return taken, failed

    taken, failed = run(work)
    if not taken:
        raise fail("There is no record in the input: expected Stripe events or failed invoices as JSON.", 1)
    if failed:
        raise typer.Exit(console.REFUSED)


@app.command("list")
def list_cases(
    status: Annotated[str | None, typer.Option(help=f"Only these: {', '.join(STATUSES)}.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the cases, with the moment of the next step."""
    if status not in (None, *STATUSES):
        raise fail(f"There is no status {status!r}: use one of {', '.join(STATUSES)}.", console.UNUSABLE)

    async def work(settings: Settings) -> list[Listed]:
        async with desk(settings) as here:
            running = await _running(here)
            rows = all_cases(here.ledger, status if status in ("opening", "closed") else None)
            return [case for row in rows if (case := listed(row, running)).status == (status or case.status)]

    cases = run(work)
    if as_json:
        for case in cases:
            print(case.model_dump_json())
    elif cases:
        width = max(80, Console().width) if sys.stdout.isatty() else 160
        Console(width=width).print(case_table(cases, width))
    else:
        print("There is no such case.")


@app.command()
def show(invoice: Invoice, as_json: AsJson = False) -> None:
    """Show a case: what happened, what is next, and why."""

    async def work(settings: Settings) -> str:
        async with desk(settings) as here:
            try:
                view = await here.operator.view(invoice)
                return view.model_dump_json() if as_json else case_text(view)
            except OperatorError as error:
                row = here.ledger.case(invoice)
                if row is None or as_json:
                    raise
                if isinstance(error, NoWorker) or row.status != "closed":
                    print(f"{error} This is what the ledger knows:", file=sys.stderr)
                return ledger_text(row, here.ledger.record(invoice))

    print(run(work))


@app.command()
def pause(
    invoice: Invoice,
    until: Annotated[datetime | None, typer.Option(formats=_DAYS, metavar="DATE", help=_UNTIL)] = None,
    note: Note = "",
    by: By = "operator",
) -> None:
    """Put a case on hold. Its timeline goes on where it stood when it is resumed."""
    end = until.replace(tzinfo=UTC) if until and until.tzinfo is None else until
    _order(invoice, "pause", console.message(events.Pause, until=end, note=note, by=by))


@app.command()
def resume(invoice: Invoice, note: Note = "", by: By = "operator") -> None:
    """End a pause, or a wait for an operator."""
    _order(invoice, "resume", console.message(events.Resume, note=note, by=by))


@app.command()
def settle(
    invoice: Invoice,
    amount: Annotated[str, typer.Argument(help="What was agreed, for example 19.99", show_default=False)],
    currency: Annotated[str, typer.Argument(help="Its currency, for example USD", show_default=False)],
    note: Note = "",
    by: By = "operator",
) -> None:
    """End a case: the debt is settled for an amount."""
    _order(invoice, "settle", console.message(events.Settle, amount=console.money(amount, currency), note=note, by=by))


@app.command("write-off")
def write_off(invoice: Invoice, note: Note = "", by: By = "operator") -> None:
    """End a case: the debt is given up."""
    _order(invoice, "write_off", console.message(events.WriteOff, note=note, by=by))


@app.command()
def agency(
    invoice: Invoice,
    report: Annotated[events.AgencyReport, typer.Argument(help="What the agency says.", show_default=False)],
    amount: Annotated[str | None, typer.Option(help="What was paid, for example 19.99")] = None,
    currency: Annotated[str | None, typer.Option(help="Its currency; that of the invoice by default.")] = None,
    event_id: Annotated[str, typer.Option(help="The agency's own id: a report given twice counts once.")] = "",
) -> None:
    """Report what the collections agency says of a case."""
    if (report is events.AgencyReport.PAYMENT) != (amount is not None):
        raise fail("A payment needs --amount, and nothing else takes it.", console.UNUSABLE)

    async def work(settings: Settings) -> None:
        async with desk(settings) as here:
            row = here.ledger.case(invoice)
            paid = console.money(amount, currency or (row.amount.currency if row else "USD")) if amount else None
            event = event_id or _new_id()
            fact = console.message(events.AgencyReported, event_id=event, report=report, amount=paid)
            await here.operator.tell(invoice, "agency_reported", fact)

    run(work)
    print(f"{invoice}: told that the agency reports {report.value}")


@app.command()
def contact(
    invoice: Invoice,
    channel: Annotated[Channel, typer.Argument(show_default=False)],
    result: Annotated[events.ContactResult, typer.Argument(show_default=False)],
    event_id: Annotated[str, typer.Option(help="The provider's own id: a report given twice counts once.")] = "",
) -> None:
    """Report what became of a contact, or that the customer wants none on this channel any more."""

    async def work(settings: Settings) -> None:
        async with desk(settings) as here:
            event = event_id or _new_id()
            fact = console.message(events.ContactReported, event_id=event, channel=channel, result=result)
            row = here.ledger.case(invoice)
            if row and result in events.CLOSES_CHANNEL:
                # Before the case is told: it holds for the customer's other cases too, and when this one is over.
                why = result.value.replace("_", " ")
                here.ledger.close_channel(row.customer_id, channel, why, fact.event_id, datetime.now(UTC))
            await here.operator.tell(invoice, "contact_reported", fact)

    run(work)
    print(f"{invoice}: told that {channel.value} was {result.value.replace('_', ' ')}")


@app.command()
def setup() -> None:
    """Create or upgrade the ledger's tables and register the search attributes. Safe to repeat."""

    async def work(settings: Settings) -> list[str]:
        upgrade_schema(settings.dunning_database_url)
        return await register_search_attributes(await connect(settings))

    added = run(work)
    print("The ledger is up to date.")
    print(f"Search attributes added: {', '.join(added)}" if added else "The search attributes were there already.")


@app.command("check-policy")
def check_policy(file: Annotated[Path, typer.Argument(help="A policy's YAML file.", show_default=False)]) -> None:
    """Check a policy file: every mistake with its line."""
    try:
        policy = load_policy(file)
    except PolicyError as error:
        raise fail(str(error), console.REFUSED) from None
    last = policy.timeline[-1].day
    steps = sum(len(entry.do) for entry in policy.timeline)
    print(f"{file}: {policy.name}@{policy.version} is well formed: {steps} steps in {last} days.")


def _order(invoice: str, name: str, order: Message) -> None:
    async def work(settings: Settings) -> CaseView:
        async with desk(settings) as here:
            return await here.operator.order(invoice, name, order)

    print(case_text(run(work)))


async def _running(here: Desk) -> dict[str, tuple[str, datetime | None]]:
    """Status and next step by invoice, of all cases that run."""
    found: dict[str, tuple[str, datetime | None]] = {}
    async for case in here.client.list_workflows("WorkflowType = 'DunningWorkflow' AND ExecutionStatus = 'Running'"):
        known = case.typed_search_attributes
        invoice = case.id.removeprefix("dunning-")
        found[invoice] = (known.get(attributes.STATUS, "open"), known.get(attributes.NEXT_STEP_AT))
    return found


def _new_id() -> str:
    return f"operator-{uuid4().hex}"


def main() -> int:
    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    leave(main())
