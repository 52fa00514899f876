"""Issue 7, done when 3: a policy with anything wrong in it is told with file, line and key; one that is taken works."""

import json
import re
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateways.policy_files import PolicyError, load_policy, policy_files
from tests.border.lines import is_a_line
from tests.border.messages import NOW
from tests.border.size import inputs
from tests.border.spoil import TEXTS, as_bytes, spoiled, written
from tests.domain.builders import POLICIES, a_case, rule

SHIPPED = {path: load_policy(path).model_dump(mode="json") for path in policy_files(POLICIES)}


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("policies") / "policy.yaml"


@settings(max_examples=inputs(200))
@given(rng=st.randoms(use_true_random=True))
def test_a_bad_policy_is_told_with_its_line(file: Path, rng: Random) -> None:
    """Whether it is spoiled in what it says or in how it is written."""
    path = rng.choice(list(SHIPPED))
    data = a_bad_text(rng, path.read_bytes()) if rng.random() < 0.6 else a_bad_policy(rng, path)
    file.write_bytes(data)

    try:
        policy = load_policy(file)
    except PolicyError as error:
        told = str(error).split("\n")
    else:
        told = []
        for day in (0, 1, 3, 30, 400):
            rule(a_case(policy=policy), NOW + timedelta(days=day))

    assert [] == [line for line in told if not is_told(line, file)]


def is_told(line: str, file: Path) -> bool:
    """Whether a line names the file, the place in it as far as there is one, and what is wrong."""
    told = line.removeprefix(str(file))
    no_text = (": the file is not UTF-8 text", ": the YAML cannot be read: it contains control characters")
    return (
        told != line and is_a_line(told, 600) and (re.match(r":\d+: .", told) is not None or told.startswith(no_text))
    )


def a_bad_policy(rng: Random, path: Path) -> bytes:
    """In JSON, which YAML reads as well."""
    return as_bytes(written(rng, spoiled(rng, SHIPPED[path]), indent=rng.choice((None, 1))))


_MARKS = (
    "\t",
    ":",
    "- ",
    "[",
    "{",
    "}",
    '"',
    "'",
    "&a ",
    "*a",
    "!!int ",
    "!x ",
    "|",
    ">",
    "#",
    "%",
    "? ",
    "<<: ",
    "---\n",
)


def a_bad_text(rng: Random, shipped: bytes) -> bytes:
    """The shipped file with a slip of a pen: in its layout, its marks or one of its words."""
    lines = shipped.decode().splitlines(keepends=True)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(lines))
        line = lines[at]
        cut = rng.randint(0, len(line))
        match rng.randrange(7):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, rng.choice(lines))
            case 2:
                lines[at] = rng.choice(("  ", " ", "\t", "        ")) + line
            case 3:
                lines[at] = line.lstrip()
            case 4:
                lines[at] = line[:cut] + rng.choice(_MARKS) + line[cut:]
            case 5:
                words = re.findall(r"[\w.]+", line) or [line]
                lines[at] = line.replace(rng.choice(words), rng.choice((*TEXTS, json.dumps(rng.choice(TEXTS)))), 1)
            case 6:
                lines[at:] = lines[at:][: rng.randint(1, 3)]
    return as_bytes("".join(lines))
