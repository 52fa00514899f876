"""Files of records: whatever JSON shape they come in, each record is found and the broken ones are named."""

import json

import pytest

from runtime.intake_json import Kind, Record, read_records

EVENT = {"id": "evt_1", "type": "invoice.paid", "created": 1, "data": {"object": {}}}
PLAIN = {"invoice_id": "in_1"}


def found(text: str) -> list[tuple[int, Kind]]:
    return [(record.line, record.kind) for record in read_records(text)]


@pytest.mark.parametrize(
    ("text", "records"),
    [
        (json.dumps(EVENT), [(1, Kind.EVENT)]),
        ("\n\n" + json.dumps(PLAIN, indent=2), [(3, Kind.INVOICE)]),
        ("\ufeff" + json.dumps(PLAIN), [(1, Kind.INVOICE)]),
        (f"{json.dumps(EVENT)}\n\n{json.dumps(PLAIN)}\n", [(1, Kind.EVENT), (3, Kind.INVOICE)]),
        (json.dumps([EVENT, PLAIN]), [(1, Kind.EVENT), (1, Kind.INVOICE)]),
        (f"[\n{json.dumps(EVENT, indent=1)},\n{json.dumps(PLAIN)}\n]", [(2, Kind.EVENT), (10, Kind.INVOICE)]),
        ("[]", []),
        ("[ ]", []),
        (" \n", []),
    ],
)
def test_every_shape_of_a_file(text: str, records: list[tuple[int, Kind]]) -> None:
    """An array, one object, or one object per line, with the line in which each record begins."""
    assert records == found(text)


def test_stripes_own_list_is_read_oldest_first() -> None:
    """As `GET /v1/events` answers it: the newest first."""
    newer = {**EVENT, "id": "evt_2"}
    text = json.dumps({"object": "list", "data": [newer, EVENT], "has_more": False})

    assert ["evt_1", "evt_2"] == [record.data["id"] for record in read_records(text)]


@pytest.mark.parametrize("text", ['{"id": ', "[1, 2", "not json", '"text"', "42", "[null]", '{"hello": "world"}'])
def test_what_is_no_record_is_malformed(text: str) -> None:
    """It never raises."""
    assert [(1, Kind.MALFORMED)] == found(text)


def test_a_broken_line_does_not_hide_the_others() -> None:
    """It is named with its line."""
    records = list(read_records(f'{json.dumps(PLAIN)}\n{{"invoice_id": \n{json.dumps(EVENT)}'))

    assert [Kind.INVOICE, Kind.MALFORMED, Kind.EVENT] == [record.kind for record in records]
    assert Record(line=2, kind=Kind.MALFORMED, problem="It is not JSON (Expecting value).") == records[1]
