"""The command line as a whole: its entrances, what programs read, its completion, and the page about it."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup
from typer.testing import CliRunner

from cli import console
from cli.app import app
from cli.program import entrance, main
from runtime.settings import ROOT

PAGE = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
OTHER_PROGRAMS = {"sandbox"}


def _commands(group: object, path: str = "") -> Iterator[tuple[str, TyperCommand]]:
    if isinstance(group, TyperCommand):
        yield path.strip(), group
        return
    assert isinstance(group, TyperGroup)
    context = group.make_context(None, [], resilient_parsing=True)
    for name in group.list_commands(context):
        yield from _commands(group.get_command(context, name), f"{path} {name}")


COMMANDS = dict(_commands(typer.main.get_command(app)))


@pytest.fixture
def dunning(tmp_path: Path) -> str:
    """The console script, as an installer makes it."""
    script = tmp_path / "dunning"
    script.write_text(f"#!{sys.executable}\nfrom cli.program import entrance\nentrance()\n")
    script.chmod(0o755)
    return str(script)


def test_both_entrances_are_one_program() -> None:
    script = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["dunning"]
    module, _, function = script.partition(":")

    assert entrance is getattr(import_module(module), function)
    assert main is import_module("starter").main


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - OTHER_PROGRAMS))
def test_every_command_answers_programs(name: str) -> None:
    assert "--json" in {option for parameter in COMMANDS[name].params for option in parameter.opts}


def test_every_command_stands_on_the_page() -> None:
    rows = re.search(r"^## Commands\n.*?(?=^`--help`)", PAGE, re.MULTILINE | re.DOTALL)
    assert rows

    assert COMMANDS.keys() == set(re.findall(r"`([a-z -]+)`", rows[0]))


def test_every_exit_code_stands_on_the_page() -> None:
    told = {int(code) for code in re.findall(r"^\| `(\d+)` \|", PAGE, re.MULTILINE)}

    assert {0, console.REFUSED, console.UNUSABLE, console.INTERRUPTED} == told


def test_advice_names_the_entrance_that_was_used(dunning: str, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DUNNING_DATABASE_URL": f"sqlite:///{tmp_path / 'none.db'}"}

    by_script = subprocess.run([dunning, "list"], env=env, capture_output=True, text=True, check=False)
    by_file = subprocess.run(
        [sys.executable, ROOT / "starter.py", "list"], env=env, capture_output=True, text=True, check=False
    )

    assert (2, 2) == (by_script.returncode, by_file.returncode)
    assert by_script.stderr.endswith(": run dunning setup.\n")
    assert by_file.stderr.endswith(": run python starter.py setup.\n")


@pytest.mark.parametrize(
    ("words", "offered"),
    [("dunning write", {"write-off"}), ("dunning keys r", {"rotate", "revoke"}), ("dunning doctor --j", {"--json"})],
)
def test_a_shell_completes_commands_and_options(dunning: str, words: str, offered: set[str]) -> None:
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "_DUNNING_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }

    done = subprocess.run([dunning], env=env, capture_output=True, text=True, check=False)

    assert offered == set(done.stdout.split())


def test_a_policy_is_checked_for_a_program() -> None:
    file = ROOT / "policies/standard.yaml"

    answer = json.loads(CliRunner().invoke(app, ["check-policy", str(file), "--json"]).stdout)

    assert (str(file), "standard@1") == (answer["file"], answer["name"])
    assert answer["steps"] > 0


def test_the_playground_is_reached_by_the_same_command_line(tmp_path: Path) -> None:
    """Its own words follow; what it says about nothing that runs is its own, too."""
    command = [sys.executable, "starter.py", "sandbox", "--data", str(tmp_path), "kinds"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (2, "") == (done.returncode, done.stdout)
    assert "start it with make up" in done.stderr
