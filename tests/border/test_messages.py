"""Issue 7, done when 3: whatever a case is told, and however it is written, it is recorded and never stops the case."""

from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.case import Case
from domain.life import Decided
from domain.record import Entry
from domain.texts import is_unkept
from runtime.converter import data_converter
from tests.border.lines import is_a_line
from tests.border.messages import CASES, NOW, a_bad_message
from tests.border.size import inputs
from tests.domain.builders import rule
from workflows.hearing import hear, refusal
from workflows.messages import CaseStart, CaseView
from workflows.view import details, view

_IN_A_LIFE = 5
_CONVERTER = data_converter.payload_converter


@settings(max_examples=inputs(5_000) // _IN_A_LIFE)
@given(rng=st.randoms(use_true_random=True))
def test_a_bad_message_is_one_entry_and_stops_no_case(rng: Random) -> None:
    """Told five of them one after the other, a case in any state takes what can be taken, records the rest in one line
    each, and goes on: it is decided, shown and kept as before."""
    case, now = CASES[rng.choice(list(CASES))], NOW
    for _ in range(_IN_A_LIFE):
        name, payloads = a_bad_message(rng)
        now += timedelta(hours=rng.randint(0, 30))

        why = refusal(case, name, payloads, now)
        told = hear(case, name, payloads, now)

        assert why is None or is_a_line(why.why, 800)
        new = told.unwritten[len(case.unwritten) :]
        if malformed := [entry for entry in new if entry.what == "malformed"]:
            assert len(new) == 1
            assert told == case.but(unwritten=told.unwritten, record=told.record)
        assert [] == [entry for entry in [*malformed, *new] if not fits(entry)]
        assert len(told.model_dump_json()) < len(case.model_dump_json()) + 12_000
        assert told == kept(told)
        case = told
    goes_on(case, now)


def fits(entry: Entry) -> bool:
    """Whether it can be written into the ledger, and read in one line."""
    shown = f"{entry.step} {entry.what} {entry.why}"
    return is_a_line(shown, 1_200) and not is_unkept(shown)


def kept(case: Case) -> Case:
    """The case as it comes back from the next run's input."""
    payloads = _CONVERTER.to_payloads([CaseStart(case=case)])
    [start] = _CONVERTER.from_payloads(payloads, [CaseStart])
    assert isinstance(start, CaseStart)
    return start.case


def goes_on(case: Case, now: datetime) -> None:
    """What the worker does with it from now on, in a month and in years, raises nowhere."""
    for days in (0, 30, 1_000):
        ruling = rule(case, now + timedelta(days=days))
        shown = view(ruling.case, ruling.decided)
        _CONVERTER.from_payloads(_CONVERTER.to_payloads([ruling.decided, shown]), [Decided, CaseView])
        assert "cannot show the case" not in details(ruling.case, ruling.decided)
