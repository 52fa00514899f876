"""What docs/events.md promises to the merchant's systems is what is sent."""

import inspect
import json
import re

import pytest

from domain.event_shapes import PAYLOADS, schema
from domain.outgoing import FACTS
from runtime.settings import ROOT
from tests.told import COMMON

PAGE = (ROOT / "docs/events.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## `([a-z_.]+)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def test_every_type_has_a_section_and_no_other_has() -> None:
    assert [*PAYLOADS] == [*SECTIONS]
    assert len(FACTS) == len(SECTIONS)


@pytest.mark.parametrize("name", PAYLOADS)
def test_an_example_is_an_event_as_it_is_sent(name: str) -> None:
    """With every field, and no other; and its sentence is the type's own."""
    section, payload = SECTIONS[name], PAYLOADS[name]
    [example] = re.findall(r"```json\n(.*?)\n```", section, re.DOTALL)
    sent = json.loads(example)

    assert sent == payload.model_validate_json(example).model_dump(mode="json")
    assert name == sent["type"]
    assert " ".join((inspect.getdoc(payload) or "").split()) == section.splitlines()[0]


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_table_has_every_field_of_its_own(name: str) -> None:
    data = PAYLOADS[name].model_fields["data"].annotation
    assert data
    told = re.findall(r"^\| `(\w+)` \| .", SECTIONS[name], re.MULTILINE)

    assert [field for field in data.model_fields if field not in COMMON] == told


def test_what_all_events_have_is_told_once() -> None:
    text = PAGE.partition("## What every event has")[2].partition("## `")[0]

    assert [*COMMON] == re.findall(r"^\| `(\w+)` \| .", text, re.MULTILINE)


def test_the_schema_is_the_one_of_this_release() -> None:
    """`python starter.py endpoints types --json > docs/events.schema.json` writes it."""
    kept = json.loads((ROOT / "docs/events.schema.json").read_text(encoding="utf-8"))

    assert schema() == kept


def test_the_schema_lets_new_fields_pass() -> None:
    closed = [name for name, one in schema()["$defs"].items() if one.get("additionalProperties") is False]

    assert ["Money"] == closed  # an amount is an amount
