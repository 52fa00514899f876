"""What an installation needs: set-up, and the check of a policy."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from cli.console import REFUSED, one_sentence, run
from runtime.doctor import examine
from runtime.set_up import set_up
from service.policies import check


def setup() -> None:
    """Create or upgrade the ledger's tables and register the search attributes. Safe to repeat."""
    added = run(set_up)
    print("The ledger is up to date.")
    print(f"Search attributes added: {', '.join(added)}" if added else "The search attributes were there already.")


def doctor() -> None:
    """Look the installation over: versions, editions, settings, ledger and Temporal. Changes nothing.

    Exits with 1 when something has to be put right; its line says how.
    """
    found = asyncio.run(examine())
    for finding in found:
        print(finding)
    if not all(finding.good for finding in found):
        raise typer.Exit(REFUSED)


def check_policy(file: Annotated[Path, typer.Argument(help="A policy's YAML file.", show_default=False)]) -> None:
    """Check a policy file: every mistake with its line."""
    with one_sentence():
        policy = check(file)
    print(f"{file}: {policy.name} is well formed: {policy.steps} steps in {policy.days} days.")
