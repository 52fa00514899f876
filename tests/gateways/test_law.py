"""The shipped tables of the law: every row with its source and its day, and nobody left without an hour."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from domain.calendar import ALL_DAY
from domain.rules.local_law import HoursHere, LocalLaw
from domain.steps import Channel
from gateways.places import countries
from gateways.regions import region
from gateways.rules import load_law
from gateways.yaml_files import FileError
from runtime.settings import ROOT
from tests.domain.builders import PLAIN

FOLDER = ROOT / "policies/rules/law"
TABLE = load_law(FOLDER)
FILES = sorted(FOLDER.glob("*.yaml"))
GOOD = """places:
  TH:
    name: Thailand
    rows:
      - id: th-hours
        force: binding
        hours: {weekdays: 08:00-20:00}
        source: an act
        effective_from: 2015-09-02
        verified: false
"""


def written(folder: Path, text: str = GOOD) -> Path:
    (folder / "asia.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_row_has_its_source_and_its_day(file: Path) -> None:
    """As it is written, whatever a model may add: a source, the day from which it holds, and who has read it."""
    data = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    for place in data["places"].values():
        for row in place["rows"]:
            assert row["source"].strip(), row
            assert isinstance(row["effective_from"], date), row
            assert row["verified"] is False or isinstance(row["verified"], date), row
            assert row["force"] in {"binding", "practice"}, row


def test_places_are_those_that_exist() -> None:
    """At least fourteen, by ISO; a state or province is one that customers' addresses can name."""
    assert len(TABLE.places) >= 14
    for code in TABLE.places:
        country, _, state = code.partition("-")
        assert country in countries() or {*TABLE.places[code].members} <= countries()
        assert not state or region(state, country) == state, code
        assert all(rule.id.startswith(f"{code.lower()}-") for rule in TABLE.places[code].rules)


@pytest.mark.parametrize("left", ["source", "effective_from", "verified", "force"])
def test_a_row_without_it_is_refused_by_its_line(left: str, tmp_path: Path) -> None:
    text = "".join(line for line in GOOD.splitlines(keepends=True) if f" {left}:" not in line)

    with pytest.raises(FileError, match=rf"asia\.yaml:5: places\.TH\.rows\[0\]\.{left}: "):
        load_law(written(tmp_path, text))


@pytest.mark.parametrize(
    ("right", "wrong", "answer"),
    [
        ("08:00-20:00", "20:00-08:00", "'20:00-08:00' are no hours such as \"08:00-20:00\", nor the word none"),
        ("  TH:", "  Thai:", "asia.yaml:2: places"),
        ("        source", "        keep: {months: 3}\n        source", "a row is about exactly one of hours, cap,"),
        ("force: binding", "force: perhaps", "asia.yaml:6: places.TH.rows[0].force: 'perhaps' is not allowed"),
        (GOOD, "places: {}\n", "asia.yaml:1: places"),
    ],
)
def test_mistakes_are_told(right: str, wrong: str, answer: str, tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        load_law(written(tmp_path, GOOD.replace(right, wrong)))

    assert answer in str(caught.value)


def test_editions_stand_in_order_and_side_by_side(tmp_path: Path) -> None:
    rows = GOOD.partition("rows:\n")[2]

    with pytest.raises(FileError, match="the editions of th-hours have to rise by effective_from"):
        load_law(written(tmp_path, GOOD + rows))
    later = rows.replace("2015-09-02", "2031-01-01")
    other = rows.replace("th-hours", "th-other")
    assert 2 == len(load_law(written(tmp_path, GOOD + later)).rules["th-hours"].rows)
    with pytest.raises(FileError, match="the editions of th-hours stand apart; put them side by side"):
        load_law(written(tmp_path, GOOD + other + later))


def test_a_place_stands_once(tmp_path: Path) -> None:
    (tmp_path / "again.yaml").write_text(GOOD, encoding="utf-8")

    with pytest.raises(FileError, match="TH stands in two files; put its rows into one"):
        load_law(written(tmp_path))


def test_an_empty_folder_is_no_law(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no table of the law"):
        load_law(tmp_path)


@pytest.mark.parametrize("medium", list(Channel))
def test_the_law_of_every_place_has_hours_on_every_weekday(medium: Channel) -> None:
    """Also that of somebody who may be anywhere at all: no case waits for ever."""
    laws = [TABLE.at(code.partition("-")[0], code.partition("-")[2], ()) for code in TABLE.places]
    everywhere = LocalLaw(rules=tuple(TABLE.rules.values()))
    for law in (*laws, everywhere):
        hours = HoursHere(PLAIN.contacts.hours, law.hours(medium))
        for day in (date(2026, 11, 30) + timedelta(days=offset) for offset in range(5)):
            window = hours.window(day, frozenset())
            assert window is not None
            assert window != ALL_DAY
