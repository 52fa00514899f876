"""The rules of the house that no linter knows, each with its reason."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from runtime.settings import ROOT
from tests.parsed_keys import parsed_keys

_HOUSE = ("domain", "workflows", "activities", "gateways", "service", "cli", "web", "runtime")
ROOMS = tuple(room for room in _HOUSE if (ROOT / room).is_dir())
PRODUCT = sorted(
    [*(file for room in ROOMS for file in (ROOT / room).rglob("*.py")), ROOT / "worker.py", ROOT / "starter.py"]
)
ALL = sorted({*PRODUCT, *(file for room in ("bench", "sandbox", "tests") for file in (ROOT / room).rglob("*.py"))})
PURE = [file for file in PRODUCT if file.relative_to(ROOT).parts[0] in ("domain", "workflows")]


def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _nodes(file: Path) -> Iterator[ast.AST]:
    yield from ast.walk(_tree(file))


def _calls(file: Path, *names: str) -> list[str]:
    """Calls of these names, with their lines."""
    return [
        f"{_name(file)}:{node.lineno} {ast.unparse(node.func)}"
        for node in _nodes(file)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names
    ]


def _committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    return [file for line in listed.stdout.splitlines() if (file := ROOT / line).is_file()]


@pytest.mark.parametrize(
    "file", sorted(f for r in (*ROOMS, "sandbox", "tests") for f in (ROOT / r).rglob("__init__.py")), ids=_name
)
def test_init_files_are_empty(file: Path) -> None:
    """A re-export makes import cycles under Temporal's sandbox, and hides where a name lives."""
    assert "" == file.read_text()


@pytest.mark.parametrize("file", PRODUCT, ids=_name)
def test_environment_is_read_in_settings_only(file: Path) -> None:
    """A setting that is read elsewhere is in no table, has no type and cannot be given in a test."""
    if file == ROOT / "runtime" / "settings.py":
        return
    reads = [n for n in _nodes(file) if isinstance(n, ast.Attribute) and ast.unparse(n) in ("os.environ", "os.getenv")]
    named = [n for n in _nodes(file) if isinstance(n, ast.alias) and n.name in ("environ", "getenv")]

    assert [] == reads + named


@pytest.mark.parametrize("file", ALL, ids=_name)
def test_no_file_is_longer_than_400_lines(file: Path) -> None:
    """A file that cannot be read in one go has two subjects: split it."""
    assert len(file.read_text().splitlines()) <= 400


def _main_blocks() -> list[tuple[Path, str]]:
    """What each program of the product, the sandbox and the benches does when it is run."""
    files = [*PRODUCT, *(file for room in ("sandbox", "bench") for file in sorted((ROOT / room).rglob("*.py")))]
    return [
        (file, "\n".join(map(ast.unparse, node.body)))
        for file in files
        for node in _tree(file).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"
    ]


def test_programs_end_without_the_interpreters_teardown() -> None:
    """The SDK's threads abort it now and then, and a program that did its work ends as a crashed one."""
    blocks = _main_blocks()

    assert len(blocks) >= 7
    assert [] == [_name(file) for file, block in blocks if block != "leave(main())"]


# Each program in a process of its own; what all of them import from others, which takes most of the time, is there.
_TIME_ZONES = """
import os, sys, zoneinfo
import alembic, fastapi, holidays, httpx, pydantic_settings, rich.console, sendgrid, sqlalchemy, starlette.applications
import stripe, temporalio.testing, temporalio.worker, twilio.rest, typer, uvicorn
for program in sys.argv[1:]:
    if os.fork() == 0:
        __import__(program)
        print(program, zoneinfo.TZPATH, flush=True)
        os._exit(0)
    os.wait()
print("before", zoneinfo.TZPATH)
"""


def test_programs_use_the_pinned_time_zones_alone() -> None:
    """A program that read the machine's zone files would have its own idea of a step's time (runtime/zones.py)."""
    programs = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file, _ in _main_blocks()]
    said = subprocess.run(
        [sys.executable, "-c", _TIME_ZONES, *programs],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    paths = dict(line.split(" ", 1) for line in said.stdout.splitlines())

    assert "()" != paths.pop("before")
    assert dict.fromkeys(programs, "()") == paths


@pytest.mark.parametrize("file", sorted((ROOT / "domain").rglob("*.py")), ids=_name)
def test_decisions_import_nothing_but_the_standard_library_and_pydantic(file: Path) -> None:
    """The import contracts forbid the libraries of today; this forbids those of tomorrow."""
    allowed = sys.stdlib_module_names | {"pydantic", "pydantic_core", "domain"}
    found = {
        name.split(".")[0]
        for node in _nodes(file)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert set() == found - allowed


@pytest.mark.parametrize("file", PURE, ids=_name)
def test_decisions_and_workflows_call_nothing_that_differs_between_processes(file: Path) -> None:
    """`hash` and `id` differ from process to process, so a replay would decide otherwise; the others are I/O."""
    assert [] == _calls(file, "hash", "id", "open", "input", "eval", "exec", "globals")


@pytest.mark.parametrize("room", [room for room in ROOMS if room not in ("runtime", "cli", "web")])
def test_no_print_in_the_rooms(room: str) -> None:
    """Output without a level and a place is lost in production; programs and their console speak to people."""
    assert [] == [call for file in (ROOT / room).rglob("*.py") for call in _calls(file, "print")]


@pytest.mark.parametrize("file", sorted((ROOT / "domain").rglob("*.py")), ids=_name)
def test_decisions_have_no_float(file: Path) -> None:
    """A float rounds money: amounts are whole minor units, and `/` would make a float of them."""
    floats = [n.lineno for n in _nodes(file) if isinstance(n, ast.Constant) and isinstance(n.value, float)]
    divisions = [n.lineno for n in _nodes(file) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div)]

    assert [] == floats + divisions + _calls(file, "float", "round")


def test_money_converts_to_no_float_anywhere() -> None:
    """An amount of money leaves as whole minor units or as an exact decimal."""
    found = [
        f"{_name(file)}:{node.lineno}"
        for file in PRODUCT
        for node in _nodes(file)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "float"
        and re.search(r"amount|money|due|remaining|major", ast.unparse(node))
    ]

    assert [] == found


@pytest.mark.parametrize("file", PRODUCT, ids=_name)
def test_no_key_is_ever_parsed(file: Path) -> None:
    """What is read back out of a name is a second, hidden form of it: whoever renames a step moves money elsewhere."""
    if file == ROOT / "domain" / "ids.py":
        return  # where keys are made; one that a provider hands back is told from a stranger's there as well
    found = [f"{_name(file)}:{line} {text}" for line, text in parsed_keys(file.read_text(encoding="utf-8"))]

    assert [] == found


@pytest.mark.parametrize(
    "line",
    [
        'step.key.startswith("m")',
        "step.key[1:2]",
        "key[0]",
        'str(seen.idempotency_key).startswith("dun:")',
        '(entry.key or "").split(":")',
        'workflow_id.removeprefix("dunning-")',
        'case.id.removeprefix("dunning-")',
        '_, _, attempt = charge_key.rpartition(":")',
        'step.partition("-")',
        're.match(r"d\\d+", event_id)',
        "PATTERN.fullmatch(self._step_key)",
        '"-charge" in step.key',
    ],
)
def test_a_parsed_key_is_found(line: str) -> None:
    """Whatever the key is called and however it is taken apart."""
    assert 1 == len(list(parsed_keys(line)))


@pytest.mark.parametrize(
    "line",
    [
        "step.key == other.key",
        "step.key in case.steps",
        "charge_key(invoice_id, attempt)",
        'f"dun:{invoice_id}:{step}"',
        "by_key[step.key]",
        "len(step.key)",
        'name.startswith("sms.")',
        "id_.value[:80]",
    ],
)
def test_a_key_that_is_compared_built_or_passed_on_is_none(line: str) -> None:
    assert [] == list(parsed_keys(line))


@pytest.mark.parametrize("file", sorted((ROOT / "workflows").rglob("*.py")), ids=_name)
def test_every_activity_and_timer_of_a_workflow_has_a_summary(file: Path) -> None:
    """The summary is what an operator reads in the Temporal UI's timeline."""
    waits = {"workflow.start_activity_method": "summary", "workflow.execute_activity_method": "summary"}
    waits |= {"workflow.start_activity": "summary", "workflow.execute_activity": "summary"}
    waits |= {"workflow.sleep": "summary", "workflow.wait_condition": "timeout_summary"}
    for node in _nodes(file):
        if isinstance(node, ast.Call) and (wanted := waits.get(ast.unparse(node.func))):
            given = {word.arg for word in node.keywords}
            timeless = wanted == "timeout_summary" and "timeout" not in given

            assert timeless or wanted in given, f"{_name(file)}:{node.lineno}"


@pytest.mark.parametrize("file", sorted((ROOT / "activities").rglob("*.py")), ids=_name)
def test_every_activity_says_what_it_does(file: Path) -> None:
    """An activity is a contract with cases that sleep for weeks: its docstring says what it guarantees."""
    for node in _nodes(file):
        if isinstance(node, ast.FunctionDef) and any("activity.defn" in ast.unparse(d) for d in node.decorator_list):
            assert ast.get_docstring(node), f"{_name(file)}:{node.lineno}"


@pytest.mark.parametrize("file", sorted((ROOT / "activities").rglob("*.py")), ids=_name)
def test_no_exception_is_thrown_into_an_activity(file: Path) -> None:
    """One that was thrown into its thread in the middle of a transaction left the ledger's lock locked, for ever."""
    found = [
        f"{_name(file)}:{node.lineno} {ast.unparse(decorator)}"
        for node in _nodes(file)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for decorator in node.decorator_list
        if "activity.defn" in ast.unparse(decorator) and "no_thread_cancel_exception=True" not in ast.unparse(decorator)
    ]

    assert [] == found


def test_committed_files_name_no_package_index() -> None:
    """The lock files work wherever packages come from: behind a mirror, offline, at home."""
    hosts = re.compile(r"files\.pythonhosted\.org|pypi\.org|proxy\.golang\.org|--(extra-)?index-url|--find-links")
    found = []
    for file in _committed():
        if file == Path(__file__).resolve() or file.suffix not in (
            "",
            ".in",
            ".lock",
            ".md",
            ".py",
            ".toml",
            ".yaml",
            ".yml",
        ):
            continue
        found += [_name(file) for line in file.read_text(encoding="utf-8").splitlines() if hosts.search(line)]

    assert [] == found


def test_committed_files_name_no_folder_of_one_machine() -> None:
    """A path that exists on one machine only breaks on every other."""
    folders = re.compile(r"(?<![\w.$}/-])/(root|home/\w+|Users/\w+|work/(main|shared))/")
    found = [
        f"{_name(file)}: {line.strip()[:80]}"
        for file in _committed()
        if file != Path(__file__).resolve()
        and file.suffix in ("", ".lock", ".md", ".py", ".toml", ".yaml", ".yml", ".json")
        for line in file.read_text(encoding="utf-8").splitlines()
        if folders.search(line)
    ]

    assert [] == found


@pytest.mark.parametrize(
    ("room", "line", "rule"),
    [
        ("domain", "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n", "TID251"),
        ("domain", "import random\n", "TID251"),
        ("domain", "from os import environ\n", "TID251"),
        ("domain", "from uuid import uuid4\n", "TID251"),
        ("workflows", "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n", "TID251"),
        ("workflows", "from temporalio import workflow\n\nDICE = workflow.random()\n", "TID251"),
        ("workflows", "import time\n", "TID251"),
        ("workflows", "print()\n", "T201"),
    ],
)
def test_linter_stops_clock_chance_and_environment_in_pure_rooms(room: str, line: str, rule: str) -> None:
    """A case runs without Temporal's sandbox: the nested linter settings take its place."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise"]
    result = subprocess.run(
        [*command, "--stdin-filename", f"{room}/probe.py", "-"],
        cwd=ROOT,
        input=line,
        capture_output=True,
        text=True,
        check=False,
    )

    assert rule in result.stdout


_WRONG = (
    ("domain", "import temporalio"),
    ("activities", "from gateways.stripe_payments import StripePayments"),
    ("workflows", "from gateways.ports.ledger import Ledger"),
    ("gateways", "from temporalio import activity"),
    ("service", "from runtime.settings import Settings"),
    ("service", "import typer"),
    ("service", "from activities.payments import PaymentActivities"),
    ("cli", "from gateways.ports.ledger import Ledger"),
    ("runtime", "import cli.app"),
    ("runtime", "import stripe"),
    ("gateways", "import sandbox.machine.ports"),
    ("sandbox/providers", "from domain.money import Money"),
    ("sandbox/providers", "from sandbox.machine.errors import SandboxError"),
    ("sandbox/machine", "from sandbox.play.script import read_world"),
)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the import rules say of a copy in which each wrong import is a module of its own."""
    folder = tmp_path_factory.mktemp("broken")
    _copy_rooms(folder)
    for number, (room, line) in enumerate(_WRONG):
        (folder / room / f"probe_{number}.py").write_text(f"{line}\n")
    return _lint_imports(folder).stdout


@pytest.mark.parametrize("number", range(len(_WRONG)), ids=[f"{room}: {line}" for room, line in _WRONG])
def test_import_rules_stop_a_wrong_import(broken: str, number: int) -> None:
    """Each arrow of the house breaks the check when it is drawn in the wrong direction."""
    room, line = _WRONG[number]
    imported = line.split()[1]

    assert f"{room.replace('/', '.')}.probe_{number} -> {imported} (l.1)" in broken


def test_import_rules_hold(tmp_path: Path) -> None:
    """The copy without a wrong import passes: it is the import that breaks the check above."""
    _copy_rooms(tmp_path)

    assert 0 == _lint_imports(tmp_path).returncode


def _copy_rooms(folder: Path) -> None:
    for file in [*(f for r in (*ROOMS, "sandbox") for f in (ROOT / r).rglob("*.py")), ROOT / "pyproject.toml"]:
        target = folder / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())


def _lint_imports(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
