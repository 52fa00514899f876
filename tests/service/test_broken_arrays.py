"""An array of records that is broken somewhere: what is certain is read, what is not is told with its place."""

import json

import pytest

from service.records import Kind, read_records

NOT_JSON, FROM = "It is not JSON", "nothing was read from line 1 column"
BROKEN = '{"invoice_id": "in_2", "customer": nul}'
GOOD = [json.dumps({"invoice_id": f"in_{n}"}) for n in range(5)]


def told(text: str) -> list[str]:
    """The ids of what was read, and of what was not its problem."""
    return [record.problem or record.data["invoice_id"] for record in read_records(text)]


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (
            f"[{GOOD[0]}, {BROKEN}, {GOOD[1]}]",
            ["in_0", "It is not JSON (Expecting value, line 1 column 61).", "in_1"],
        ),
        (
            f'[{GOOD[0]}, {{"invoice_id": "in_2}}, {GOOD[1]}, {GOOD[3]}]',
            [
                "in_0",
                f"{NOT_JSON} (Expecting ',' delimiter, line 1 column 51): {FROM} 26 to line 1 column 49.",
                "in_1",
                "in_3",
            ],
        ),
        (
            f'[\n{GOOD[0]},\n{{"invoice_id": "in_2", "customer": {{,\n{GOOD[1]},\n{{"invoice\n{GOOD[3]}\n]',
            [
                "in_0",
                "It is not JSON (Expecting property name enclosed in double quotes, line 3 column 37).",
                "in_1",
                "It is not JSON (Invalid control character at, line 5 column 10).",
                "in_3",
            ],
        ),
        (
            f'[{GOOD[0]}, {GOOD[1]}, {{"invoice_id": "in_2", "customer": {{"id": "c',
            [
                "in_0",
                "in_1",
                f"{NOT_JSON} (Unterminated string starting at, line 1 column 92): {FROM} 50 on, 2 before it were.",
            ],
        ),
        (
            f'{{"object": "list", "data": [{GOOD[1]}, {BROKEN}, {GOOD[0]}], "has_more": false}}',
            ["in_0", "It is not JSON (Expecting value, line 1 column 88).", "in_1"],
        ),
        (f"[{GOOD[0]}, {GOOD[1]},]", ["in_0", "in_1"]),
    ],
    ids=["a word", "a quote", "one a line", "cut off", "Stripe's list", "a comma too many"],
)
def test_one_broken_element_refused_the_whole_array(array: str, expected: list[str]) -> None:
    """It is one line with its place, and the others are read; where that is not certain, it says what was not read."""
    assert expected == told(array)


@pytest.mark.parametrize(
    "array",
    [
        # Cut off behind a list within: what is left looks like the end of an array.
        f'[{{"invoice_id": "in_9", "lines": [{{"a": 1}}, {GOOD[0]}]',
        # A bracket too many: what follows belongs to the record before it.
        '[{"invoice_id": "in_9"}, "amount": "19.99"}, {"invoice_id": "in_8"}',
        # What a customer is called: a quote is missing before it.
        '[{"invoice_id": "in_9", "name: "x}, {}, {\\"invoice_id\\": \\"in_8\\"}"}]',
    ],
)
def test_of_a_broken_array_nothing_is_guessed(array: str) -> None:
    """What may be half of something is not taken."""
    assert [] == [record for record in read_records(array) if record.kind is not Kind.MALFORMED]


def test_an_array_that_is_broken_everywhere_takes_no_time() -> None:
    """Neither brackets without end nor a hundred thousand beginnings make it read the text again and again."""
    for text in ('[{"a": "x, ' + "{}, " * 100_000, '[{"a": [' + ', {"b": [1' * 30_000, "[" + '{"a": nul}, ' * 3_000):
        assert {Kind.MALFORMED} == {record.kind for record in read_records(text)}
