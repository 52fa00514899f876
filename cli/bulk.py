"""One order for many cases: looked at first, then run."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, cast

import typer

from cli.console import REFUSED, UNUSABLE, as_called, fail, one_sentence, read_bytes, run
from cli.options import AsJson, By, Note, Until, moment
from cli.progress import counting
from runtime.books import opened_ledger
from runtime.bulk import bulk_orders
from runtime.settings import Settings, load_settings
from runtime.wiring import utc_now
from service.bulk import NAMES, BulkDesk, BulkState, Chosen, LineState, Progress
from service.bulk_work import BulkWork
from service.cases import STATUSES
from service.keys import Caller, Scope
from service.requests import money

bulk = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Give one order to many cases: see what would become of each, then run it.",
    rich_markup_mode=None,
)

BulkId = Annotated[str, typer.Argument(help="The bulk order's id: `bulk list` shows it.", show_default=False)]
_BY_HAND = "command-line"
"""Whose key it is, in the audit, when there is none."""
_LOOK = 0.2  # seconds
_PAGE = 500
_NOT_ORDERED = (LineState.REFUSED, LineState.OVERTAKEN, LineState.UNANSWERED)
_OPEN = {BulkState.LOOKING: (LineState.NEW,), BulkState.ORDERING: (LineState.READY, LineState.ASKED)}


@bulk.command("order")
def order(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMES)}.", show_default=False)],
    invoices: Annotated[
        str | None, typer.Option(metavar="FILE", help="The cases: ids of invoices, one a line; - is stdin.")
    ] = None,
    status: Annotated[str | None, typer.Option(help=f"Else all with this status: {', '.join(STATUSES)}.")] = None,
    customer: Annotated[str | None, typer.Option(help="Only this customer's: Stripe's id, cus_…")] = None,
    owed_again: Annotated[bool, typer.Option("--owed-again", help="Only those whose money was taken back.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Every case that there is.")] = False,
    until: Until = None,
    amount: Annotated[str | None, typer.Option(help="Of settle: 19.99 USD, the same for each case.")] = None,
    paid: Annotated[bool, typer.Option("--paid", help="Of settle: the money is in.")] = False,
    step: Annotated[str | None, typer.Option(help="Of skip: the step's key, for example d3-charge.")] = None,
    at_once: Annotated[bool, typer.Option("--run", help="Order them without being asked again.")] = False,
    note: Note = "",
    by: By = "operator",
    as_json: AsJson = False,
) -> None:
    """Say what would become of each case by an order; with --run, give it.

    The cases are those of a file, or those that the filters find. Nothing is ordered without --run or `bulk run`.
    """
    given = {"until": moment(until), "amount": _amount(amount), "paid": paid or None, "step": step, "note": note}
    said = {key: value for key, value in given.items() if value is not None}
    cases = _cases(invoices, Chosen(status=status, customer_id=customer, owed_again=owed_again), everything)
    caller = Caller(_BY_HAND, by, Scope.OPERATOR)

    async def work(settings: Settings) -> Progress:
        async with bulk_orders(settings) as (desk, working):
            made = desk.make(caller, name, said, cases, dry_run=not at_once)
            print(as_called(f"{made.bulk.bulk_id}: python starter.py bulk show tells how far it is."), file=sys.stderr)
            return await _followed(desk, working, made.bulk.bulk_id)

    _tell(run(work), as_json)


@bulk.command("run")
def run_it(bulk_id: BulkId, as_json: AsJson = False) -> None:
    """Order what a dry run has shown, or go on with one that was cut off. A case that changed since is left out."""

    async def work(settings: Settings) -> Progress:
        async with bulk_orders(settings) as (desk, working):
            desk.run(bulk_id)
            return await _followed(desk, working, bulk_id)

    _tell(run(work), as_json)


@bulk.command("show")
def show(
    bulk_id: BulkId,
    state: Annotated[list[LineState] | None, typer.Option(help="Only cases in this state; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show each case of a bulk order: what would become of it, or has."""
    with one_sentence(), opened_ledger(load_settings()) as ledger:
        desk, more = BulkDesk(ledger, utc_now), cast("int | None", 0)
        now = desk.progress(bulk_id)
        if not as_json:
            print(_summary(now))
        while more is not None:
            lines, more = desk.lines(bulk_id, state or (), more, _PAGE)
            for line in lines:
                print(line.model_dump_json() if as_json else _row(line.invoice_id, line.state, line.why or line.then))


@bulk.command("list")
def listed(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List bulk orders, newest first."""
    with one_sentence(), opened_ledger(load_settings()) as ledger:
        for now in BulkDesk(ledger, utc_now).page(None, limit)[0]:
            print(_json(now) if as_json else _summary(now))


@bulk.command("cancel")
def cancel(bulk_id: BulkId, by: By = "operator", as_json: AsJson = False) -> None:
    """Order none of the cases that are left."""
    with one_sentence(), opened_ledger(load_settings()) as ledger:
        now = BulkDesk(ledger, utc_now).cancel(bulk_id, by)
    print(_json(now) if as_json else _summary(now))


async def _followed(desk: BulkDesk, working: BulkWork, bulk_id: str) -> Progress:
    """Works on it, beside the web process, until it comes to rest. Ctrl-C leaves the rest to that."""
    task, told = asyncio.create_task(working.run()), ""
    try:
        with counting() as shown:
            while (now := desk.progress(bulk_id)).bulk.state in _OPEN:
                left = sum(now.cases.get(state, 0) for state in _OPEN[now.bulk.state])
                shown(now.bulk.state.value, now.total - left, now.total)
                if now.bulk.note not in ("", told):
                    told = now.bulk.note
                    print(as_called(told), file=sys.stderr)
                await asyncio.sleep(_LOOK)
        return now
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _tell(now: Progress, as_json: bool) -> None:
    print(_json(now) if as_json else _summary(now))
    if now.bulk.state is BulkState.SHOWN:
        if not as_json:
            of = now.bulk.bulk_id
            print(as_called(f"Each case: python starter.py bulk show {of}"))
            print(as_called(f"Order what is ready: python starter.py bulk run {of}"))
    elif any(state in now.cases for state in _NOT_ORDERED):
        raise typer.Exit(REFUSED)


def _json(now: Progress) -> str:
    return now.model_dump_json()


def _summary(now: Progress) -> str:
    counted = ", ".join(f"{now.cases[state]} {state}" for state in LineState if state in now.cases) or "no case"
    note = f" ({now.bulk.note})" if now.bulk.note else ""
    return f"{now.bulk.bulk_id}  {now.bulk.name} by {now.bulk.by}, {now.bulk.state}: {counted}{note}"


def _row(invoice_id: str, state: LineState, said: str) -> str:
    return f"{invoice_id:<30} {state:<10} {said}"


def _amount(written: str | None) -> Any:
    if written is None:
        return None
    amount, _, currency = written.partition(" ")
    with one_sentence():
        return money(amount, currency).model_dump()


def _cases(file: str | None, chosen: Chosen, everything: bool) -> Sequence[str] | Chosen:
    if [file is not None, chosen != Chosen(), everything].count(True) != 1:
        raise fail("Say which cases are meant: by --invoices, by filters, or --all; one of the three.", UNUSABLE)
    if file is None:
        return chosen
    return [line.strip() for line in read_bytes(file).decode(errors="replace").splitlines() if line.strip()]
