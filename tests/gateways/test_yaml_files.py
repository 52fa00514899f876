"""YAML 1.2 as plain values, and for everything that is wrong with a file its line."""

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import Field

from domain.base import Frozen
from gateways.yaml_files import FileError, YamlFile, read_model


def file(folder: Path, text: str) -> Path:
    path = folder / "a.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("10:00", "10:00"),
        ("09:30:15", "09:30:15"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("off", "off"),
        ("true", True),
        ("False", False),
        ("010", 10),
        ("-7", -7),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.50", Decimal("1.50")),
        ("1e3", Decimal(1000)),
        ("50.10", Decimal("50.10")),
        ("null", None),
        ("~", None),
        ("", None),
        ("2026-04-18", "2026-04-18"),
        ("2030-04-01T06:00:00Z", "2030-04-01T06:00:00Z"),
        ("PT10M", "PT10M"),
        ('"10"', "10"),
        ("'~'", "~"),
        ("<<", "<<"),
        ("=", "="),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("9" * 5000, "9" * 5000),
        ("[1, [two], {three: 3}]", [1, ["two"], {"three": 3}]),
        ("{1: one, 02: two, yes: three}", {"1": "one", "02": "two", "yes": "three"}),
        ("&twice [x]\nagain: *twice", ["x"]),
    ],
)
def test_values_are_those_of_yaml_1_2(tmp_path: Path, written: str, value: object) -> None:
    """Clock times and country codes are text; a number with a point is exact; a key is text as it is written."""
    read = YamlFile(file(tmp_path, f"key: {written}\n")).data["key"]

    assert (type(value), value) == (type(read), read)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3\n", [":3: a: the key stands in line 1 already; keep one of them"]),
        ("a:\n  - b: 1\n    b: 2\n", [":3: a[0].b: the key stands in line 2 already; keep one of them"]),
        ("1: a\n'1': b\n", [":2: 1: the key stands in line 1 already; keep one of them"]),
        (
            "a: 1\na: 2\na: 3\n",
            [
                ":2: a: the key stands in line 1 already; keep one of them",
                ":3: a: the key stands in line 2 already; keep one of them",
            ],
        ),
        ("a: &l\n  b: *l\n", [":2: a.b: the value contains itself; write it out in place of the alias"]),
        ("a: &l\n  - [*l]\n", [":1: a[0][0]: the value contains itself; write it out in place of the alias"]),
        ("a: *nowhere\n", [":1: the YAML cannot be read: found undefined alias 'nowhere'"]),
        ("a: !price 1\n", [":1: a: the tag !price is not allowed; write a plain value"]),
        ("a: !price {b: 1}\n", [":1: a: the tag !price is not allowed; write a plain value"]),
        ("a:\n  - !!set {b}\n", [":2: a[0]: the tag tag:yaml.org,2002:set is not allowed; write a plain value"]),
        ("!model\na: 1\n", [":1: the tag !model is not allowed; write a plain value"]),
        ("a: 'b\n", [":2: the YAML cannot be read: found unexpected end of stream"]),
        ("a: \a\n", [": the YAML cannot be read: it contains control characters"]),
    ],
)
def test_what_is_not_plain_is_told_with_its_line(tmp_path: Path, text: str, told: list[str]) -> None:
    """Everything at once, as far as the file can be read."""
    path = file(tmp_path, text)
    with pytest.raises(FileError) as caught:
        YamlFile(path)

    assert told == [line.removeprefix(str(path)) for line in str(caught.value).split("\n")]


class Item(Frozen):
    size: int


class Shelf(Frozen):
    label: str
    items: tuple[Item, ...] = ()
    by_name: dict[str, Item] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("label: x\nitems:\n  - size: 1\n  - size: big\n", ":4: items[1].size: 'big' is not allowed: "),
        ("label: x\nitems:\n- {}\n", ":3: items[0].size: the key is missing"),
        ("items: []\n", ":1: label: the key is missing"),
        ("\n# A shelf.\n\nlabel: 7\n", ":4: label: '7' is not allowed: it should be text in quotes"),
        ("label: x\nby_name:\n  lamp:\n    size: 1\n    sise: 1\n", ":5: by_name.lamp.sise: unknown key; did you mean"),
        ("label: x\nby_name:\n  lamp: 3\n", ":3: by_name.lamp: '3' is not allowed: it should consist of keys and val"),
        ("[label]\n", ":1: the file has to consist of keys and values; use label, items, by_name"),
    ],
)
def test_what_does_not_fit_the_model_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    """The line of the key, or of the last part of its path that is there."""
    path = file(tmp_path, text)
    with pytest.raises(FileError) as caught:
        read_model(path, Shelf)

    assert str(caught.value).removeprefix(str(path)).startswith(told)
    assert 1 == len(str(caught.value).splitlines())


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    """Some editors write one."""
    assert "x" == read_model(file(tmp_path, "\ufefflabel: x\n"), Shelf).label


def test_a_place_of_the_file_is_told_by_its_line(tmp_path: Path) -> None:
    """For what only the reader of a file knows."""
    path = file(tmp_path, "label: x\nby_name:\n  lamp: {size: 1}\n")

    assert f"{path}:3: by_name.lamp: it is broken" == YamlFile(path).told(("by_name", "lamp"), "it is broken")
