"""The commands that show cases."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from cli.console import UNUSABLE, fail, run
from cli.options import AsJson, Invoice
from cli.text import case_table, case_text, ledger_text
from runtime.desk import desk
from runtime.settings import Settings
from service.cases import STATUSES, FromLedger, Listed


def list_cases(
    status: Annotated[str | None, typer.Option(help=f"Only these: {', '.join(STATUSES)}.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the cases, with the moment of the next step."""
    if status not in (None, *STATUSES):
        raise fail(f"There is no status {status!r}: use one of {', '.join(STATUSES)}.", UNUSABLE)

    async def work(settings: Settings) -> list[Listed]:
        async with desk(settings) as here:
            return await here.cases.list(status)

    cases = run(work)
    if as_json:
        for case in cases:
            print(case.model_dump_json())
    elif cases:
        width = max(80, Console().width) if sys.stdout.isatty() else 160
        Console(width=width).print(case_table(cases, width))
    else:
        print("There is no such case.")


def show(invoice: Invoice, as_json: AsJson = False) -> None:
    """Show a case: what happened, what is next, and why."""

    async def work(settings: Settings) -> str:
        async with desk(settings) as here:
            if as_json:
                return (await here.cases.view(invoice)).model_dump_json()
            found = await here.cases.read(invoice)
        if not isinstance(found, FromLedger):
            return case_text(found)
        if found.why:
            print(f"{found.why} This is what the ledger knows:", file=sys.stderr)
        return ledger_text(found)

    print(run(work))
