"""The stand-in world of a checkout, from the same command line."""

import subprocess
import sys

import typer

from cli.console import UNUSABLE, fail
from runtime.settings import ROOT


def sandbox(words: typer.Context) -> None:
    """Play in the world of `make up`: kinds, add, move, fail, heal. Only in a checkout."""
    if not (ROOT / "sandbox").is_dir():
        raise fail("The stand-in world is not part of the installed package: use a checkout of the project.", UNUSABLE)
    program = [sys.executable, "-m", "sandbox", *words.args]
    raise typer.Exit(subprocess.run(program, cwd=ROOT, check=False).returncode)  # noqa: S603 - what the user typed
