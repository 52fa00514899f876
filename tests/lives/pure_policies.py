"""The policies of the lives of the domain alone: any days, any steps, any ways to catch up."""

from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from domain.case import Case
from domain.closed import Closed
from domain.policy import STORED, Policy
from domain.steps import WRITTEN, Channel, Stage
from tests.domain.builders import PLAIN, a_case, usd

_ZONES = ("Asia/Bangkok", "America/New_York", "Australia/Lord_Howe", "Europe/Berlin", "Pacific/Chatham")
_SOFT = (Stage.FRIENDLY, Stage.REMINDER, Stage.FIRM)


def a_new_case(random: Random) -> Case:
    """One of any decline, zone and moment."""
    decline = random.choice([None, "generic_decline", "insufficient_funds", "expired_card", "authentication_required"])
    opened = datetime.fromisoformat("2030-04-01T00:00:00+00:00") + timedelta(minutes=random.randrange(28 * 1440))
    due = usd(random.choice(["20", "100"]))
    return a_case(decline, zone=random.choice(_ZONES), opened=opened, policy=_policy(random.randrange(400)), due=due)


_POLICIES: dict[int, Policy] = {}


def _policy(number: int) -> Policy:
    """One of some hundred policies: up to eight days of one to three steps, announced and ended."""
    if number not in _POLICIES:
        _POLICIES[number] = _new_policy(Random(number), Random(f"calls and closings {number}"))
    return _POLICIES[number]


def _new_policy(random: Random, more: Random) -> Policy:
    entries: list[dict[str, Any]] = []
    spoken = False
    for day in sorted(random.sample(range(30), random.randint(1, 8))):
        do: list[Any] = []
        for _ in range(random.randint(1, 3)):
            pick = random.random()
            if pick < 0.45:
                do.append("charge")
            elif pick < 0.8 or not spoken:
                do.append({"remind": {"channel": random.choice(list(WRITTEN)), "stage": random.choice(_SOFT)}})
                spoken = True
            else:
                do.append(random.choice([{"restrict": "read_only"}, {"restrict": "blocked"}]))
        entries.append({"day": day, "at": None, "do": [one for at, one in enumerate(do) if one not in do[:at]]})
    notice = random.randint(1, 10)
    final = entries[-1]["day"] + random.randint(1, 5)
    warned = [
        {"remind": {"channel": channel, "stage": "final"}}
        for channel in random.sample(list(WRITTEN), random.randint(1, 2))
    ]
    end = ["cancel_subscription", "escalate"] if random.random() < 0.6 else ["escalate"]
    entries += [
        {"day": final, "at": None, "do": warned},
        {"day": final + notice + random.randint(0, 4), "at": None, "do": end},
    ]
    _add_calls(more, entries[:-1])
    charges = sum(1 for entry in entries for step in entry["do"] if step == "charge")
    raw = PLAIN.model_dump() | {
        "timeline": entries,
        "time_of_day": time(random.randrange(24)),
        "catch_up": random.choice(["latest", "all", "none"]),
        "cancelled_subscription": random.choice(["stop_charging", "stop_charging", "go_on", "close"]),
        "retries": PLAIN.retries.model_dump()
        | {"max_attempts": min(15, charges + 1), "max_per_day": random.randint(1, 3)},
        "contacts": PLAIN.contacts.model_dump()
        | {
            "fallback": {
                one: random.choice([other for other in WRITTEN if other is not one])
                for one in WRITTEN
                if random.random() < 0.5
            }
        },
        "endgame": {"notice_days": notice, "collections": random.choice([None, PLAIN.endgame.collections])},
        "closing": _closing(more),
    }
    # Messages that wait for the hours: new policies may not say so, and those that cases follow may.
    return Policy.model_validate(raw, context=STORED)


def _add_calls(random: Random, entries: list[dict[str, Any]]) -> None:
    """Up to three of them, before the end."""
    for entry in random.sample(entries, min(len(entries), random.choice([0, 0, 1, 2, 3]))):
        entry["do"].insert(random.randint(0, len(entry["do"])), {"call": {"valid_days": random.randint(1, 14)}})


def _closing(random: Random) -> dict[str, Any]:
    channels = [channel for channel in WRITTEN if channel is not Channel.LETTER]
    return {one.value: random.choice([None, *channels]) for one in Closed} | {"unasked": random.random() < 0.5}
