"""What a decision costs: a replay makes every decision of a case again, within the 10 s of one workflow task."""

import sys
from collections.abc import Callable
from datetime import timedelta
from types import FrameType
from typing import Any

from tests.domain.builders import a_case, a_policy, decide

AMERICAN = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "Pacific/Honolulu")


def calls(work: Callable[[], object]) -> int:
    """How many Python functions are called: unlike the time it takes, the same on every machine."""
    count = 0

    def heard(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event == "call"

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

    assert calls(lambda: decide(case, evening)) < 30_000
