"""The time zone rules are the pinned package's, whatever the machine has."""

import os
import subprocess
import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pytest

from runtime.settings import ROOT, ZONES

SUMMER = "datetime(2030, 7, 1, 12, tzinfo=UTC)"
PRELUDE = "from datetime import UTC, datetime; from zoneinfo import ZoneInfo, available_timezones"


@pytest.fixture
def foreign(tmp_path: Path) -> dict[str, str]:
    """An environment whose own zone files say that Bangkok has the time of New York, and know a zone of their own."""
    rules = files("tzdata").joinpath("zoneinfo", "America", "New_York").read_bytes()
    (tmp_path / "Asia").mkdir()
    for name in ("Bangkok", "Nowhere"):
        (tmp_path / "Asia" / name).write_bytes(rules)
    return {"PATH": os.environ["PATH"], "PYTHONTZPATH": str(tmp_path)}


def answer(environment: dict[str, str], program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"{PRELUDE}\n{program}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_machine_with_other_rules_changes_nothing(foreign: dict[str, str]) -> None:
    """Bangkok is seven hours ahead for whoever has our settings, also when it was asked for before they were read."""
    hours = f"print({SUMMER}.astimezone(ZoneInfo('Asia/Bangkok')).utcoffset())"

    assert "-1 day, 20:00:00" == answer(foreign, hours)
    assert "7:00:00" == answer(foreign, f"import runtime.settings\n{hours}")
    assert "7:00:00" == answer(foreign, f"ZoneInfo('Asia/Bangkok')\nimport runtime.settings\n{hours}")


def test_a_case_of_that_machine_has_the_packages_time(foreign: dict[str, str]) -> None:
    """The planner's own calendar."""
    ask = f"import worker\nfrom domain.calendar import local\nprint(local({SUMMER}, 'Asia/Bangkok'))"

    assert "2030-07-01 19:00:00+07:00" == answer(foreign, ask)


def test_a_zone_that_only_the_machine_knows_does_not_exist(foreign: dict[str, str]) -> None:
    """A customer's zone counts as given when every worker knows it."""
    known = "print('Asia/Nowhere' in available_timezones())"

    assert "True" == answer(foreign, known)
    assert "False" == answer(foreign, f"import runtime.settings\n{known}")


def test_the_edition_is_the_packages() -> None:
    """Operators read its name in `doctor`: it is that of the rules that are used."""
    rules = files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text()

    assert version("tzdata") == ZONES.package
    assert rules.startswith(f"# version {ZONES.iana}\n")
