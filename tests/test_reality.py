"""docs/reality.md names for each thing that really happens the tests of the stand-in and of the product."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "reality.md").read_text()
ROWS = {f"R{n}" for n in (*range(1, 22), 29, *range(30, 49), *range(50, 56), *range(61, 71))}
FAILURES = {f"F{n}" for n in (11, 12, 14, 15, 17, 18)}
OPEN = "open: "


def rows() -> Iterator[tuple[str, str, str, str]]:
    for line in PAGE.splitlines():
        if re.match(r"\| R\d+ ", line):
            number, what, stand_in, product = (cell.strip() for cell in line.strip("|").split("|"))
            yield number, what, stand_in, product


def failures() -> Iterator[tuple[str, str, str]]:
    """Of other systems."""
    for line in PAGE.splitlines():
        if re.match(r"\| F\d+ ", line):
            number, what, tests = (cell.strip() for cell in line.strip("|").split("|"))
            yield number, what, tests


@cache
def functions(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_row_is_there_once() -> None:
    numbers = [row[0] for row in rows()]

    assert len(numbers) == len(set(numbers))
    assert ROWS <= set(numbers)
    assert sorted(FAILURES) == [row[0] for row in failures()]


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row[0])
def test_every_row_has_tests_that_exist_or_says_what_is_open(row: tuple[str, str, str, str]) -> None:
    """A row that names nothing would pass for done."""
    _, what, *cells = row

    assert what
    assert cells[1] not in ("", "-")
    for cell in cells:
        assert _named(cell) or cell == "-" or OPEN in cell


@pytest.mark.parametrize("failure", list(failures()), ids=lambda failure: failure[0])
def test_every_failure_of_others_has_tests_that_exist_and_are_named_after_it(failure: tuple[str, str, str]) -> None:
    number, what, tests = failure

    assert what
    assert any(name.startswith(f"test_failure_{number[1:]}_") for name in _named(tests))


def _named(cell: str) -> list[str]:
    """The tests that a cell names, each of which is there."""
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", cell)
    assert len(named) == cell.count("::")
    for path, name in named:
        assert name in functions(TESTS / path), f"{path}::{name}"
    return [name for _, name in named]
