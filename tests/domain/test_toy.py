"""A new kind and a new rule are one file and one line each: they live through a whole case unknown to all others."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from pydantic import ValidationError

from domain.case import Case, StepState
from domain.decisions import Wait
from domain.life import Decided
from domain.policy import Policy
from tests.domain.builders import a_case, a_policy, at, decide, live, paused, resumed, rule
from tests.toy import UNLUCKY, WaveStep, WaveTask, toys

# 13 April 2030 is a Saturday, the 14th a Sunday; a case of 1 April has its day 12 on the 13th.
TIMELINE = (
    {"day": 1, "do": ["charge", {"wave": "call them"}]},
    {"day": 12, "do": ["charge", {"remind": {"channel": "email", "stage": "final"}}, {"restrict": "read_only"}]},
    {"day": 25, "do": ["wave", "escalate"]},
)


@pytest.fixture
def _toys() -> Iterator[None]:
    with toys():
        yield


def a_toy_case(**changes: object) -> Case:
    return a_case(policy=a_policy(*TIMELINE, **changes))


def test_nobody_knows_a_toy_that_is_not_registered() -> None:
    """The policy's error names the words that there are."""
    with pytest.raises(ValidationError, match="should be 'charge', 'remind'"):
        a_policy(*TIMELINE)


@pytest.mark.usefixtures("_toys")
@pytest.mark.parametrize("catch_up", ["latest", "all", "none"])
def test_a_toy_kind_and_a_toy_gate_live_a_whole_life(catch_up: str) -> None:
    """The wave is made on its days; what falls on the 13th is done when all rules allow it, and is not late then."""
    life = live(a_toy_case(catch_up=catch_up))

    assert [
        "04-02 10:00 d01-charge",
        "04-02 10:00 d01-wave",
        "04-14 00:00 d12-charge",
        "04-15 09:00 d12-remind-email-final",
        "04-17 10:00 d12-restrict-read_only",
        "04-26 10:00 d25-wave",
        "04-26 10:00 d25-escalate",
        "05-01 10:00 handoff-again",
        "05-10 10:00 end-restore",
        "05-10 10:00 collections",
    ] == life.table
    assert [] == life.skips
    assert ["call them", "a friendly word"] == [e.task.note for _, e in life.acts if isinstance(e.task, WaveTask)]


@pytest.mark.usefixtures("_toys")
def test_what_the_gate_puts_off_is_on_record_with_its_rule_once() -> None:
    """However often the case decides meanwhile."""
    nudges = [(at(f"04-{day:02d} 08:{m:02d}"), lambda case, _now: case) for day in (12, 13, 14) for m in (1, 2, 3)]
    case = live(a_toy_case(), told=nudges).case
    put_off = [entry for entry in case.record if "postponed" in entry.what]

    # The restriction waits for its message anyway.
    assert ["d12-charge", "d12-remind-email-final"] == sorted(e.step for e in put_off if e.rule == UNLUCKY)
    assert len(put_off) == len({(entry.step, entry.what) for entry in put_off})
    assert {} == case.put_off


def test_a_rule_that_comes_in_mid_case_holds_for_what_is_still_to_be_done() -> None:
    """And one that goes away sets it free, although its postponement is on record."""
    noon = at("04-12 12:00")
    with toys(gate=False):
        case = live(a_toy_case(), until=noon).case
        assert at("04-13 10:00") == next_at(case, noon)
        with toys(kind=False):
            put_off = rule(case, noon).case

            assert at("04-14 00:00") == next_at(case, noon) == put_off.put_off["d12-charge"]
        assert at("04-13 10:00") == next_at(put_off, noon)


def next_at(case: Case, now: datetime) -> datetime | None:
    decision = decide(case, now)
    assert isinstance(decision, Wait)
    return decision.until


@pytest.mark.usefixtures("_toys")
def test_a_toy_minds_holds_outages_and_the_end_by_its_traits_alone() -> None:
    """Paused it waits; missed under a policy that does not catch up it is left out."""
    held = live(a_toy_case(), told=[(at("04-02 08:00"), paused()), (at("04-04 09:00"), resumed())])
    missed = live(a_toy_case(catch_up="none"), down=(at("04-02 08:00"), at("04-04 09:00")))

    assert "04-04 10:00 d01-wave" in held.table
    assert "d01-wave" in dict(missed.skips)
    assert StepState.SKIPPED is missed.case.steps["d01-wave"].state


@pytest.mark.usefixtures("_toys")
def test_a_toy_comes_back_from_the_history_as_it_was() -> None:
    """The policy, the case and the decision."""
    policy = a_policy(*TIMELINE)
    case = live(a_case(policy=policy), until=at("04-02 09:00")).case
    done = live(case, start=at("04-02 10:00"), until=at("04-03 00:00")).case
    decided = rule(done, at("04-26 10:00")).decided

    assert policy == Policy.model_validate_json(policy.model_dump_json())
    assert isinstance(Case.model_validate_json(done.model_dump_json()).steps["d01-wave"].step, WaveStep)
    assert decided == Decided.model_validate_json(decided.model_dump_json())
