"""What an installation needs: set-up, a look at its health, the check of a policy, and cases started anew."""

import asyncio
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from cli.console import REFUSED, one_sentence, run, told
from cli.options import AsJson
from cli.progress import working
from runtime import wiring
from runtime.desk import desk
from runtime.doctor import examine
from runtime.set_up import set_up
from runtime.settings import Settings, load_settings
from service.policies import check
from service.rebuild import Restarted


def setup(as_json: AsJson = False) -> None:
    """Create or upgrade the ledger's tables, register the search attributes, schedule the sweep. Safe to repeat."""
    added, sweeps = run(set_up)
    if as_json:
        told(True, "", ledger="current", search_attributes_added=added, sweep_scheduled=sweeps)
        return
    print("The ledger is up to date.")
    print(f"Search attributes added: {', '.join(added)}" if added else "The search attributes were there already.")
    print("The sweep is scheduled." if sweeps else "The sweep is made by hand only (DUNNING_SWEEP_EVERY).")


def rebuild(as_json: AsJson = False) -> None:
    """Start every open case anew from the ledger, after Temporal's database was lost. What runs is left alone.

    Safe to repeat. Exits with 1 when a case could not be read.
    """

    async def work(settings: Settings) -> Counter[Restarted]:
        counts: Counter[Restarted] = Counter()
        async with desk(settings) as here:
            async for case in here.rebuild():
                done()
                counts[case.result] += 1
                if case.problem:
                    print(f"{case.invoice_id} cannot be started: {case.problem}", file=sys.stderr)
        return counts

    with working("Cases looked at:") as done:
        counts = run(work)
    sentence = ", ".join(f"{counts[result]} {result.value}" for result in Restarted)
    told(as_json, sentence, **{result.name.lower(): counts[result] for result in Restarted})
    if counts[Restarted.UNREADABLE]:
        raise typer.Exit(REFUSED)


def doctor(as_json: AsJson = False) -> None:
    """Look the installation over: settings, ledger, Temporal, every provider and what it is set to. Changes nothing.

    Exits with 1 when something has to be put right; its line says how.
    """
    with working("Looking at everything"):
        found = asyncio.run(examine())
    for finding in found:
        told(as_json, str(finding), **finding._asdict())
    if not all(finding.good for finding in found):
        raise typer.Exit(REFUSED)


def check_policy(
    file: Annotated[Path, typer.Argument(help="A policy's YAML file.", show_default=False)], as_json: AsJson = False
) -> None:
    """Check a policy file: every mistake with its line."""
    with one_sentence():
        policy = check(file, wiring.law(load_settings()))
    sentence = f"{file}: {policy.name} is well formed: {policy.steps} steps in {policy.days} days."
    told(as_json, sentence, file=file, name=policy.name, steps=policy.steps, days=policy.days)
