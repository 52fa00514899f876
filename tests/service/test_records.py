"""Files of records: whatever JSON shape they come in, each record is found and the broken ones are named."""

import json

import pytest

from service.records import Kind, Record, read_records

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


@pytest.mark.parametrize(
    "text", ['{"id": ', "[1", "[", "[nul, 2]", "not json", '"text"', "42", "[null]", '{"hello": "world"}']
)
def test_what_is_no_record_is_malformed(text: str) -> None:
    """It never raises."""
    assert [(1, Kind.MALFORMED)] == found(text)


def test_a_broken_line_does_not_hide_the_others() -> None:
    """It is named with its line."""
    records = list(read_records(f'{json.dumps(PLAIN)}\n{{"invoice_id": \n{json.dumps(EVENT)}'))

    assert [Kind.INVOICE, Kind.MALFORMED, Kind.EVENT] == [record.kind for record in records]
    assert Record(line=2, kind=Kind.MALFORMED, problem="It is not JSON (Expecting value).") == records[1]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_a_line_ends_where_json_lines_end(separator: str) -> None:
    """A name may hold a character that only Python's splitlines takes for the end of a line."""
    named = {**PLAIN, "customer": {"id": "cus_1", "name": f"Ada{separator}Example"}}
    text = "\r\n".join(json.dumps(record, ensure_ascii=False) for record in (named, EVENT))

    assert [(1, Kind.INVOICE), (2, Kind.EVENT)] == found(text)


def test_a_broken_object_over_many_lines_is_one_problem() -> None:
    """With the line of its fault, not one problem for each of its lines."""
    text = json.dumps(EVENT, indent=2).replace('"created"', "created")

    assert [
        Record(
            line=4,
            kind=Kind.MALFORMED,
            problem="It is not JSON (Expecting property name enclosed in double quotes).",
        )
    ] == list(read_records(text))


@pytest.mark.parametrize("opening", ["[", '{"invoice_id": ', '{"invoice_id": "in_1", "customer": ['])
def test_what_is_nested_without_end_is_malformed(opening: str) -> None:
    """The reader gives up on it; the other lines of a file are read."""
    deep = opening * 100_000

    assert [(1, Kind.MALFORMED)] == found(deep)
    assert [(1, Kind.INVOICE), (2, Kind.MALFORMED)] == found(f"{json.dumps(PLAIN)}\n{deep}")


@pytest.mark.parametrize(
    "record",
    [{**EVENT, "id": "evt_\ud83d"}, {"invoice_id": "in_\udc00"}, {"invoice_id": "in_\0"}, {"invoice_id": "in_\\\0"}],
)
def test_what_no_table_keeps_is_malformed(record: object) -> None:
    """JSON can hold half a character and a NUL, a database cannot: one refusal, and the other records are taken."""
    assert [Kind.INVOICE, Kind.MALFORMED] == [one.kind for one in read_records(json.dumps([PLAIN, record]))]


@pytest.mark.parametrize("text", ["Zoë 😀", "a \\u0000 that somebody wrote"])
def test_what_only_looks_like_it_is_taken(text: str) -> None:
    """A whole character beyond 16 bits, and an escape that is itself escaped."""
    record = {"invoice_id": "in_1", "customer": {"id": "cus_1", "name": text}}

    assert [Kind.INVOICE] == [one.kind for one in read_records(json.dumps(record))]
