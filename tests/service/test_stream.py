"""Records of a stream that stays open: each is there with its last line, whatever comes after it."""

import json

import pytest

from service.records import Kind
from service.stream import RecordStream

EVENT = {"id": "evt_1", "type": "invoice.paid", "created": 1, "data": {"object": {"lines": [{"id": 1}, {"id": 2}]}}}
PLAIN = {"invoice_id": "in_1"}


def taken(*lines: str) -> list[list[tuple[int, Kind]]]:
    """What each line completes, and at last what the end does."""
    stream = RecordStream()
    found = [[(r.line, r.kind) for r in stream.take(line)] for line in lines]
    return [*found, [(r.line, r.kind) for r in stream.end()]]


def test_one_object_per_line_is_there_with_its_line() -> None:
    assert [[(1, Kind.EVENT)], [], [(3, Kind.INVOICE)], []] == taken(json.dumps(EVENT), "", json.dumps(PLAIN))


@pytest.mark.parametrize("indent", [1, 2, "\t"])
def test_an_object_over_several_lines_is_there_with_its_last_one(indent: int | str) -> None:
    """As Stripe prints it."""
    lines = json.dumps(EVENT, indent=indent).splitlines()
    found = taken(*lines, *lines)

    assert [(1, Kind.EVENT)] == found[len(lines) - 1]
    assert [(len(lines) + 1, Kind.EVENT)] == found[2 * len(lines) - 1]
    assert 2 == sum(map(len, found))


def test_what_is_broken_hides_no_other() -> None:
    """Not JSON, an object that is never finished, half a character: each is one malformed record."""
    beginning = json.dumps(EVENT, indent=1).splitlines()[:4]
    found = taken("Ready! You are using Stripe", '{"id": ', *beginning, json.dumps(PLAIN), '{"invoice_id": "\udcff"}')

    kinds = [kind for line in found for _, kind in line]
    assert [Kind.MALFORMED, Kind.MALFORMED, Kind.MALFORMED, Kind.INVOICE, Kind.MALFORMED] == kinds


def test_an_array_is_complete_at_the_end() -> None:
    """Of a stream that begins with a bracket nothing is taken before."""
    found = taken("[", json.dumps(EVENT) + ",", json.dumps(PLAIN), "]")

    assert [[], [], [], [], [(2, Kind.EVENT), (3, Kind.INVOICE)]] == found


def test_stripes_list_over_several_lines_is_one_object() -> None:
    lines = json.dumps({"object": "list", "data": [EVENT, EVENT]}, indent=2).splitlines()

    assert 2 == len(taken(*lines)[-2])
