"""The sweep by hand."""

import asyncio
import sys
from typing import Annotated

import typer

from cli.console import REFUSED, run
from cli.options import AsJson
from cli.progress import working
from domain.retries import TURN_OFF
from domain.sweep import Sweep
from runtime.desk import sweeper
from runtime.settings import Settings


def sweep(
    whole: Annotated[
        bool, typer.Option("--whole", help="Begin anew, and look at all 30 days of events again.")
    ] = False,
    pause: Annotated[
        float, typer.Option(min=0, help="Seconds between two pages: Stripe's limits are everybody's.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Look for what no webhook brought: events, open invoices, open cases. Opens, tells and closes what was missed.

    Goes on where a sweep was interrupted. Safe to repeat, and beside the one that a worker makes by its schedule. Exits
    with 1 when something could not be taken, or needs a human.
    """

    async def work(settings: Settings) -> Sweep:
        async with sweeper(settings) as here:
            now = await here.begin(whole=whole)
            while True:
                now = await here.page(now)
                step()
                if now.ended_at:
                    return now
                await asyncio.sleep(pause)

    with working("Pages swept:") as step:
        done = run(work)
    print(done.model_dump_json() if as_json else f"{done.tally.in_words}.")
    tally = done.tally
    if tally.two_owners and not as_json:
        print(f"Stripe plans tries of its own on {tally.two_owners} open cases, and so do we: {TURN_OFF}.")
    if tally.stopped:
        shown = ", ".join(tally.stopped)
        print(
            f"Nothing acts on {tally.stopped_in_all} open cases: their workflows were stopped in Temporal: {shown}.",
            file=sys.stderr,
        )
    if tally.refused or tally.stopped:
        raise typer.Exit(REFUSED)
