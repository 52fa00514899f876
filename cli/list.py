"""The list of cases. It asks the ledger alone, and loads nothing else: it is the command that is given most."""

import sys
from typing import Annotated

import typer

from cli.console import as_called, one_sentence
from cli.options import AsJson
from runtime.books import opened_cases
from runtime.settings import load_settings
from service.cases import PAGE, STATUSES, CasePage, Cases


def list_cases(
    status: Annotated[str | None, typer.Option(help=f"Only these: {', '.join(STATUSES)}.")] = None,
    customer: Annotated[str | None, typer.Option(help="Only this customer's: Stripe's id, cus_…")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.")] = PAGE,
    after: Annotated[str | None, typer.Option(metavar="PLACE", help="Go on after the page that ended there.")] = None,
    owed_again: Annotated[
        bool, typer.Option("--owed-again", help="Only those whose money was taken back since, and not billed anew.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List cases, oldest first, with the moment of the next step."""
    with one_sentence(), opened_cases(load_settings()) as cases:
        page = Cases(cases).page(status, customer, after, limit, owed_again)
    if as_json:
        for case in page.cases:
            print(case.model_dump_json())
    elif page.cases:
        _print_table(page)
    else:
        print("There is no such case.")
    if page.after:
        asked = {"--status": status, "--customer": customer, "--limit": None if limit == PAGE else limit}
        options = "".join(f" {name} {value}" for name, value in asked.items() if value is not None)
        options += " --owed-again" if owed_again else ""
        # Not among the cases: a program reads those.
        sys.stdout.flush()
        print(as_called(f"There are more: python starter.py list{options} --after {page.after}"), file=sys.stderr)


def _print_table(page: CasePage) -> None:
    from rich.console import Console  # noqa: PLC0415 - takes a tenth of a second, which no program needs

    from cli.table import case_table  # noqa: PLC0415 - as above

    width = max(80, Console().width) if sys.stdout.isatty() else 160
    Console(width=width, markup=False, highlight=False, emoji=False).print(case_table(page.cases, width))
