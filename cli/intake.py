"""The command that takes records in."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import closing
from typing import Annotated

import typer

from cli.console import REFUSED, UNUSABLE, fail, read_bytes, run
from cli.options import AsJson
from cli.stdin import is_open_end, lines
from cli.text import record_text
from runtime.desk import desk
from runtime.settings import Settings
from service.feed import FAILURES, take_all, take_as_it_comes
from service.records import as_text


def start(
    file: Annotated[str, typer.Argument(metavar="[FILE|-]", help="The file with the records; - is stdin.")] = "-",
    as_json: AsJson = False,
    again: Annotated[
        bool, typer.Option("--again", help="Events that came before, too: after Temporal's loss.")
    ] = False,
) -> None:
    """Take in Stripe events or failed invoices, and open a case for each unpaid invoice.

    FILE holds a JSON array, one object, a Stripe list, or one object per line. A record with id, type and data is a
    Stripe event; one with invoice_id is a failed invoice of another billing system. The same input may be given again:
    an invoice never gets a second case. Exits with 1 when a record could not be taken.

    From a pipe that stays open each record is taken as it comes: stripe listen --print-json | python starter.py start -
    """
    comes = file == "-" and is_open_end()
    text = "" if comes else _text(file)

    async def work(settings: Settings) -> tuple[int, int]:
        taken = failed = 0
        async with desk(settings) as here:
            with closing(here.intake(again)) as intake:
                async for line in take_as_it_comes(intake, lines()) if comes else take_all(intake, text):
                    print(line.model_dump_json() if as_json else record_text(line), flush=True)
                    taken += 1
                    failed += line.result in FAILURES
        return taken, failed

    taken, failed = run(work)
    if not taken:
        raise fail("There is no record in the input: expected Stripe events or failed invoices as JSON.", REFUSED)
    if failed:
        raise typer.Exit(REFUSED)


def _text(file: str) -> str:
    data = read_bytes(file)
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise fail(f"{file} is text in UTF-16: save it in UTF-8, as JSON or JSON Lines.", UNUSABLE)
    return as_text(data)
