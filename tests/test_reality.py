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
OPEN = "open: "


def rows() -> Iterator[tuple[str, str, str, str]]:
    for line in PAGE.splitlines():
        if re.match(r"\| R\d+ ", line):
            number, what, stand_in, product = (cell.strip() for cell in line.strip("|").split("|"))
            yield number, what, stand_in, product


@cache
def functions(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_row_is_there_once() -> None:
    numbers = [row[0] for row in rows()]

    assert len(numbers) == len(set(numbers))
    assert ROWS <= set(numbers)


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row[0])
def test_every_row_has_tests_that_exist_or_says_what_is_open(row: tuple[str, str, str, str]) -> None:
    """A row that names nothing would pass for done."""
    _, what, *cells = row

    assert what
    assert cells[1] not in ("", "-")
    for cell in cells:
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", cell)
        assert named or cell == "-" or OPEN in cell
        assert len(named) == cell.count("::")
        for path, name in named:
            assert name in functions(TESTS / path), f"{path}::{name}"
