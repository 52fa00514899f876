"""The installed package has all that the checkout has: a folder that is missing shows itself in production only."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from runtime.settings import ROOT, ledger_in

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]
NOT_READ = {"README.md", "ruff.toml", "script.py.mako"}
"""For whoever changes the code, and for new migrations."""


def _files() -> list[Path]:
    rooms = {*PROJECT["tool"]["importlinter"]["root_packages"], "policies"} - {"sandbox"}
    found = [file.relative_to(ROOT) for room in sorted(rooms) for file in (ROOT / room).rglob("*") if file.is_file()]
    return [file for file in found if "__pycache__" not in file.parts and file.name not in NOT_READ]


def test_every_file_of_the_product_is_in_a_package() -> None:
    """Modules, migrations, policies, rules and texts; what stands beside the stand-in world and the tests is not."""
    include = SETUPTOOLS["packages"]["find"]["include"]
    data = SETUPTOOLS["package-data"]["*"]
    files = _files()

    packages = {file: ".".join(file.parent.parts) for file in files}
    left_out = [str(file) for file in files if not any(fnmatch(packages[file], one) for one in include)]
    unread = [str(file) for file in files if file.suffix != ".py" and not any(fnmatch(file.name, one) for one in data)]

    assert files
    assert ([], []) == (left_out, unread)


def test_the_programs_are_there() -> None:
    assert {"worker", "starter"} == set(SETUPTOOLS["py-modules"])


def test_only_a_checkout_has_a_ledger_of_its_own(tmp_path: Path) -> None:
    """An installed package would keep it among its modules, where the next environment has none."""
    assert "" == ledger_in(tmp_path)
    assert ledger_in(ROOT).endswith("/var/dunning.db")
