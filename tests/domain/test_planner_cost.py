"""What a decision costs, in counts that are the same on every machine: thousands of cases wake in the same minutes."""

import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from types import FrameType
from typing import Any

import pytest

from bench.planner import lived
from domain import schedule
from domain.case import ChargeOutcome
from domain.decisions import Act
from domain.kinds.charge import ChargeResult
from tests.domain.builders import PLAIN, STANDARD, a_case, a_decline, a_policy, at, decide, situation

AMERICAN = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "Pacific/Honolulu")
DECLINED = ChargeResult(outcome=ChargeOutcome.DECLINED, decline=a_decline())


def calls(work: Callable[[], object]) -> Counter[str]:
    """How often each Python function is called: unlike the time it takes, the same on every machine."""
    count: Counter[str] = Counter()

    def heard(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call":
            count[frame.f_code.co_qualname] += 1

    before = sys.getprofile()
    sys.setprofile(heard)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def test_a_decision_over_eighty_steps_in_five_zones_costs_little_more_than_its_steps() -> None:
    """Two messages a day for a month and six restrictions, each of which waits for the messages before it."""
    messages = [{"remind": {"channel": channel, "stage": "friendly"}} for channel in ("email", "sms")]
    restrict = {"restrict": "read_only"}
    days = [{"day": d, "do": [*messages, restrict] if d % 5 == 0 else messages} for d in range(1, 31)]
    final = {"day": 31, "do": [{"remind": {"channel": "email", "stage": "final"}}]}
    end = {"day": 40, "do": ["escalate"]}
    case = a_case(zones=AMERICAN, policy=a_policy(*days, final, end))
    evening = case.facts.opened_at + timedelta(hours=13)

    assert calls(lambda: decide(case, evening)).total() < 20_000
    # The schedule is known by now: what is left are some questions about each step.
    assert calls(lambda: decide(case, evening)).total() < 2_500


@pytest.mark.parametrize("policy", [PLAIN, STANDARD], ids=["on the minute", "with jitter"])
def test_a_whole_life_works_its_schedule_out_once(policy: Any) -> None:
    """26 decisions, one schedule, one hash for each day of the timeline."""
    case = a_case(policy=policy)
    lived(case, policy, DECLINED)  # what is read once in a process is no cost of a life
    schedule._kept.clear()
    count = calls(lambda: lived(case, policy, DECLINED))

    assert 26 == count["decide"]
    assert 1 == count["Schedule.__init__"]
    assert 8 == count["spread"]
    # Ten o'clock of each of the eight days, the end's day, and the closing of the hours for each message's moment.
    assert count["at_local"] <= 40
    # Five messages' hours are asked for ahead, and again a moment later where a charge goes first.
    assert count["Hours.next_allowed"] <= 9
    # A decision asks for its steps once or twice: those near, and all of them where it has to wait or to announce.
    assert count["steps_of"] <= 45
    # Each restriction asks what stands already, and what is before it in its days.
    assert count.total() < 4_900


def test_what_is_due_is_done_without_a_look_at_what_is_far() -> None:
    """A charge on its day needs no other step of the four weeks after it."""
    count = calls(lambda: decide(a_case(), at("04-02 10:00")))

    assert isinstance(decide(a_case(), at("04-02 10:00")), Act)
    assert 1 == count["Situation.step_at"]
    assert 0 == count["message_facts"]


def test_no_message_is_worded_before_it_is_sent() -> None:
    """What it says is worked out for the messages that go out now, and for no other."""
    waiting = calls(lambda: decide(a_case(), at("04-01 12:00")))
    case = a_case("expired_card")
    sending = calls(lambda: decide(case, case.facts.opened_at))

    assert 0 == waiting["message_facts"]
    assert 1 == sending["message_facts"]


def test_a_step_is_made_once_for_as_long_as_nothing_about_it_changes() -> None:
    """Two decisions about one case share its steps."""
    case = a_case()
    first, second = (situation(case, at(f"04-01 {hour}:00")).steps for hour in (12, 13))

    assert all(one is other for one, other in zip(first, second, strict=True))
