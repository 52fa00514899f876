"""The lock files: complete, pinned by hash, and free of any index or download host."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements"
LOCKS = sorted(path.name for path in REQUIREMENTS.glob("*.lock"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;]+)( ; [^\\]+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def normal(name: str) -> str:
    """A package's name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: str) -> dict[str, list[str]]:
    """The hash lines of each pin of a lock file."""
    found: dict[str, list[str]] = {}
    for line in (REQUIREMENTS / lock).read_text().splitlines():
        if match := PIN.match(line):
            found[name := line.split(" \\")[0]] = hashes = []
            assert match[1] == normal(match[1]), name
        else:
            assert HASH.match(line), line
            hashes.append(line)
    return found


def names(lock: str) -> set[str]:
    return {pin.partition("==")[0] for pin in pins(lock)}


def wanted(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[\s\[<>=!~;]", requirement)[0]) for requirement in requirements}


def project() -> dict[str, list[str]]:
    text = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {"runtime": text["project"]["dependencies"], "dev": text["dependency-groups"]["dev"]}


def test_the_lock_files_are_these() -> None:
    """One for production, one for working on the project, one for the Go toolchain."""
    assert ["dev.lock", "runtime.lock", "toolchain.lock"] == LOCKS


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    """pip refuses whatever was not there when the lock file was made."""
    unpinned = [pin for pin, hashes in pins(lock).items() if not hashes]

    assert [] == unpinned


@pytest.mark.parametrize("lock", LOCKS)
def test_no_host_is_named(lock: str) -> None:
    """Where packages come from is the business of the machine that installs them."""
    text = (REQUIREMENTS / lock).read_text()

    assert [] == re.findall(r"://|--(?:index|extra-index|find-links|trusted-host)\S*", text)


def test_every_dependency_of_the_product_is_pinned() -> None:
    """A dependency that was added to pyproject.toml needs `make lock`."""
    assert set() == wanted(project()["runtime"]) - names("runtime.lock")


def test_one_file_installs_product_and_tools() -> None:
    """`make test` installs from one file: everything of the runtime lock at the same version, and the dev group."""
    assert set() == pins("runtime.lock").keys() - pins("dev.lock").keys()
    assert set() == wanted(project()["dev"]) - names("dev.lock")
