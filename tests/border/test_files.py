"""Issue 7, done when 3: whatever is wrong with one record of a file, it is one line, and all others are taken."""

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateways import stripe_events
from gateways.provider_facts import Fact
from sandbox.providers.journal import Json
from sandbox.providers.world import ProviderWorld
from service.feed import FAILURES, Line, read_record
from service.intake import Intake
from service.opening import Failure
from service.records import as_text, read_records
from service.stream import RecordStream
from tests.border.lines import is_a_line
from tests.border.shapes import PLAIN, real_events
from tests.border.size import inputs
from tests.border.spoil import as_bytes, spoiled, torn, written

_IN_A_FILE = 25
_BETWEEN = 5  # every fifth of them is a good one
Read = Fact | Failure | Line


class Records(list[Json]):
    """Hypothesis would print them all."""

    def __repr__(self) -> str:
        return f"{len(self)} records"


@pytest.fixture(scope="module")
def records() -> Records:
    """All that is ever taken: every type of event in every shape, and a plain record."""
    with ProviderWorld() as world:
        events = real_events(world)
    assert set(stripe_events.READERS) <= {event["type"] for event in events}
    return Records([*events, *[PLAIN] * 10])


def read_file(intake: Intake, data: bytes) -> list[Read]:
    """What each record of a file says, or its one line: by the functions that `starter.py start` uses."""
    return [read_record(intake, record) for record in read_records(as_text(data))]


def read_pipe(intake: Intake, data: bytes) -> list[Read]:
    """The same of a pipe, line by line."""
    stream = RecordStream()
    lines = [as_text(line) for line in data.split(b"\n")]
    found = [record for line in lines for record in stream.take(line)]
    return [read_record(intake, record) for record in (*found, *stream.end())]


def as_lines(texts: list[str]) -> str:
    return "\n".join(texts)


def as_array(texts: list[str]) -> str:
    return f"[{', '.join(texts)}]"


def as_array_of_lines(texts: list[str]) -> str:
    return "[\n{}\n]\n".format(",\n".join(texts))


def as_list(texts: list[str]) -> str:
    """Stripe's, which is read from its end: the newest come first."""
    return f'{{"object": "list", "data": [{", ".join(texts)}], "has_more": false, "url": "/v1/events"}}'


FORMS = [as_lines, as_array, as_array_of_lines, as_list]


def without_line(read: Read) -> Read:
    return read.model_copy(update={"line": 0}) if isinstance(read, Line) else read


def is_one_line(line: Line) -> bool:
    """Whether it says in one line of bearable length why the record is not taken."""
    failed = line.result in FAILURES or line.result == "ignored"
    named = f"{line.event_type} {line.event_id} {line.invoice_id}"
    return failed and is_a_line(line.problem, 600) and is_a_line(named, 300)


@settings(max_examples=inputs(25_000) // _IN_A_FILE)
@given(rng=st.randoms(use_true_random=True))
def test_one_bad_record_is_one_line(reading: Intake, records: Records, rng: Random) -> None:
    """A file of spoiled records with good ones between: as many answers as records, and the good ones say what they say
    alone. In each form of a file, and from a pipe."""
    good = json.dumps(rng.choice(records))
    [alone] = read_file(reading, good.encode())
    texts = [written(rng, spoiled(rng, rng.choice(records))) for _ in range(_IN_A_FILE)]
    texts[::_BETWEEN] = [good] * len(texts[::_BETWEEN])

    form = rng.choice(FORMS)
    data = as_bytes(form(texts))
    found = read_pipe(reading, data) if form is as_lines and rng.random() < 0.5 else read_file(reading, data)
    found = found[::-1] if form is as_list else found

    bad = [(text, read) for text, read in zip(texts, found, strict=True) if isinstance(read, Line)]
    assert not isinstance(alone, Line)
    assert [repr(alone)] == sorted({repr(read) for read in found[::_BETWEEN]})
    taken = [read.model_dump_json() for read in found if not isinstance(read, Line)]  # raises for half a character
    assert [] == [text for text in taken if "\\u0000" in text]
    assert next((each for each in bad if not is_one_line(each[1])), None) is None


@settings(max_examples=inputs(1_500))
@given(rng=st.randoms(use_true_random=True))
def test_a_torn_record_hides_no_other_and_nothing_is_guessed(reading: Intake, records: Records, rng: Random) -> None:
    """One record whose text is broken: those before it are taken. Those behind it are, or it is said from where on
    nothing was read; nothing is taken that nobody wrote."""
    whole = [written(rng, rng.choice(records)) for _ in range(rng.randint(1, 6))]
    at = rng.randrange(len(whole))
    texts = [*whole[:at], broken := torn(rng, whole[at]), *whole[at + 1 :]]
    form = rng.choice(FORMS)
    before, [own], behind = (said(reading, some) for some in (whole[:at], [whole[at]], whole[at + 1 :]))

    found = [repr(without_line(read)) for read in read_file(reading, as_bytes(form(texts)))]
    found = found[::-1] if form is as_list else found

    taken_behind = next(n for n in range(len(behind), -1, -1) if found[len(found) - n :] == behind[len(behind) - n :])
    middle = found[at : len(found) - taken_behind]
    if before != found[:at]:  # it lost its first bracket: whether the record before it is whole, nobody knows
        middle = found[at - 1 : len(found) - taken_behind]
        assert before[:-1] == found[: at - 1]
        assert form in (as_array, as_list)
        assert "nothing was read from line" in middle[0]
    assert 1 == len(middle) or not broken
    if is_json(broken) or (form is as_lines and at) or (form is as_array_of_lines and at):
        assert len(behind) == taken_behind
    elif taken_behind < len(behind):
        assert "nothing was read from line" in middle[0]
    if not is_json(broken):
        assert own == middle[0] or "result='malformed'" in middle[0]


def said(intake: Intake, texts: list[str]) -> list[str]:
    """What records say that stand alone in their files."""
    return [repr(without_line(read)) for text in texts for read in read_file(intake, text.encode())]


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
