"""A policy that could not be carried out is refused when it is read, and the enums that decide leave nothing out."""

import json
from copy import deepcopy
from datetime import time, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from domain.declines import CUSTOMER_MUST_ACT, OPERATOR_MUST_ACT, RETRYABLE, DeclineClass
from domain.events import CLOSES_CHANNEL, LEAVES_CHANNEL_OPEN, ContactResult
from domain.kinds.message import RemindForm
from domain.money import Money
from domain.policy import CatchUp, Policy
from domain.steps import COUNTING, NON_COUNTING, OURS, AttemptKind, Channel, Stage
from gateways.policy_files import load_policy

STANDARD = load_policy(Path(__file__).parents[2] / "policies" / "standard.yaml")

SHORT: dict[str, Any] = {
    "name": "short",
    "version": 1,
    "default_time_zone": "UTC",
    "time_of_day": "10:00",
    "jitter": "PT10M",
    "timeline": [
        {"day": 1, "do": ["charge"]},
        {"day": 3, "do": [{"remind": {"channel": "email", "stage": "final"}}]},
        {"day": 10, "do": ["cancel_subscription", "escalate"]},
    ],
    "retries": {"max_attempts": 8, "max_per_day": 1},
    "contacts": {"hours": {"start": "09:00", "end": "20:00", "sundays": False, "public_holidays": False}},
    "endgame": {"notice_days": 7},
}


def a_policy(timeline: list[dict[str, Any]] | None = None, **fields: Any) -> Policy:
    """The short policy with other fields; `retries__max_attempts=3` reaches into a group."""
    raw = deepcopy(SHORT)
    if timeline is not None:
        raw["timeline"] = timeline
    for path, value in fields.items():
        *groups, key = path.split("__")
        target = raw
        for group in groups:
            target = target[group]
        target[key] = value
    return Policy.model_validate(raw)


def steps(policy: Policy) -> list[tuple[int, str]]:
    return [(entry.day, spec.name) for entry in policy.timeline for spec in entry.do]


def test_the_shipped_policy_is_the_one_that_is_described() -> None:
    """Silent first, friendly next, firm late, and an announced end."""
    assert [
        (1, "charge"),
        (3, "charge"),
        (3, "remind-email-friendly"),
        (3, "remind-notice-friendly"),
        (5, "charge"),
        (5, "remind-sms-reminder"),
        (7, "charge"),
        (7, "remind-email-reminder"),
        (10, "charge"),
        (10, "remind-email-firm"),
        (10, "restrict-read_only"),
        (14, "charge"),
        (21, "remind-email-final"),
        (21, "remind-sms-final"),
        (28, "cancel_subscription"),
        (28, "escalate"),
    ] == steps(STANDARD)


def test_the_shipped_policy_is_careful_by_default() -> None:
    """At most eight attempts and one a day, contacts by day, and only the newest message after an outage."""
    hours = STANDARD.contacts.hours

    assert (8, 1) == (STANDARD.retries.max_attempts, STANDARD.retries.max_per_day)
    assert (timedelta(minutes=30), timedelta(hours=4), timedelta(hours=24)) == STANDARD.retries.quick
    assert (time(9), time(20), False, False) == (hours.start, hours.end, hours.sundays, hours.public_holidays)
    assert CatchUp.LATEST == STANDARD.catch_up


def test_a_policy_survives_its_own_json() -> None:
    """The ledger keeps it so, for as long as a case follows it."""
    assert STANDARD == Policy.model_validate_json(STANDARD.model_dump_json())


@pytest.mark.parametrize(
    ("amount", "currency", "accepted"),
    [
        (4999, "USD", False),
        (5000, "USD", True),
        (7000, "JPY", True),
        (6999, "JPY", False),
        (15_000, "KWD", True),
        (14_999, "KWD", False),
        (10_000_000, "CHF", False),
    ],
)
def test_an_agency_gets_what_is_worth_its_work(amount: int, currency: str, accepted: bool) -> None:
    """From the amount of that currency on; a currency without a row is written off."""
    collections = STANDARD.endgame.collections

    assert collections is not None
    assert accepted == collections.accepts(Money(amount=amount, currency=currency))


FINAL = {"remind": {"channel": "email", "stage": "final"}}
END = {"day": 10, "do": ["escalate"]}


@pytest.mark.parametrize(
    ("timeline", "message"),
    [
        ([{"day": 3, "do": [FINAL]}, {"day": 1, "do": ["charge"]}, END], "days must rise"),
        ([{"day": 3, "do": [FINAL]}, {"day": 3, "do": ["charge"]}, END], "days must rise"),
        ([{"day": 3, "do": [FINAL, FINAL]}, END], "day 3 does the same thing twice"),
        ([{"day": 3, "do": [FINAL]}], "needs `escalate`"),
        ([{"day": 3, "do": [FINAL, "escalate"]}, END], "needs `escalate`"),
        ([{"day": 3, "do": [FINAL]}, END, {"day": 11, "do": ["charge"]}], "needs `escalate`"),
        ([{"day": 1, "do": ["charge"]}, END], "needs a message of stage final"),
        ([{"day": 4, "do": [FINAL]}, END], "at least 7 days before it"),
        (
            [{"day": 1, "do": [{"restrict": "blocked"}]}, {"day": 3, "do": [FINAL]}, END],
            "restrict on day 1 comes before",
        ),
        (
            [{"day": 1, "do": ["cancel_subscription"]}, {"day": 3, "do": [FINAL]}, END],
            "cancel_subscription on day 1 comes before",
        ),
        (
            [{"day": 3, "do": [FINAL, "cancel_subscription"]}, END],
            "cancel_subscription on day 3, but messages announce it for the end: put it on day 10",
        ),
        ([], "at least 1 item"),
        ([{"day": 3, "do": []}, END], "at least 1 item"),
        ([{"day": -1, "do": ["charge"]}, {"day": 3, "do": [FINAL]}, END], "day -1 is before the failed payment"),
        ([{"day": -61, "do": ["charge"]}, {"day": 3, "do": [FINAL]}, END], "greater than or equal to -60"),
        ([{"day": 3, "do": [FINAL]}, {"day": 366, "do": ["escalate"]}], "less than or equal to 365"),
    ],
)
def test_a_timeline_that_cannot_be_carried_out_is_refused(timeline: list[dict[str, Any]], message: str) -> None:
    """With the reason."""
    with pytest.raises(ValidationError, match=message):
        a_policy(timeline)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("dance", "should be 'charge', 'remind', 'call', 'restrict', 'cancel_subscription', 'escalate'"),
        ({"remind": {"channel": "email"}}, r"remind\.stage\n.*Field required"),
        ({"remind": {"stage": "firm"}}, r"remind\.channel\n.*Field required"),
        (
            {"remind": {"channel": "pigeon", "stage": "firm"}},
            "'email', 'sms', 'notice', 'whatsapp', 'line', 'letter'",
        ),
        ({"remind": {"channel": "email", "stage": "action"}}, "'friendly', 'reminder', 'firm', 'final'"),
        ({"charge": {"channel": "email"}}, r"charge\.channel\n.*Extra inputs"),
        ({"restrict": "full"}, "'read_only', 'blocked'"),
        ("restrict", r"access\n.*Field required"),
        ({"remind": {"channel": "email", "stage": "firm", "colour": "red"}}, "Extra inputs"),
    ],
)
def test_a_step_that_makes_no_sense_is_refused(step: Any, message: str) -> None:
    """With what it needs."""
    with pytest.raises(ValidationError, match=message):
        a_policy([{"day": 1, "do": [step]}, {"day": 3, "do": [FINAL]}, END])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "Standard Policy"}, "a name has 2 to 41 small letters"),
        ({"version": 0}, "greater than or equal to 1"),
        ({"jitter": "PT2H"}, "less than or equal to 1 hour"),
        ({"jitter": "-PT1M"}, "greater than or equal to 0"),
        ({"catch_up": "some"}, "'latest', 'all' or 'none'"),
        ({"retries__max_attempts": 0}, "1 charges, but retries.max_attempts is 0"),
        ({"retries__max_attempts": 16}, "less than or equal to 15"),
        ({"retries__max_per_day": 0}, "greater than or equal to 1"),
        ({"retries__do_not_honor": "never"}, "'retry_later', 'new_method'"),
        ({"endgame__notice_days": 0}, "greater than or equal to 1"),
        ({"endgame__notice_days": 8}, "at least 8 days before it"),
        ({"endgame__collections": {"minimum": {"USD": "50.001"}}}, "more decimals than USD allows"),
        ({"endgame__collections": {"minimum": {"DOLLARS": 50}}}, "not an ISO 4217 currency code"),
        ({"endgame__collections": {"deadline_days": 0}}, "greater than or equal to 1"),
        ({"contacts__fallback": {"email": "fax"}}, "'email', 'sms', 'notice', 'whatsapp', 'line', 'letter'"),
        ({"surprise": 1}, "Extra inputs"),
    ],
)
def test_a_setting_out_of_range_is_refused(fields: dict[str, Any], message: str) -> None:
    """With the range."""
    with pytest.raises(ValidationError, match=message):
        a_policy(**fields)


def test_a_message_on_the_same_day_announces_a_restriction() -> None:
    """The message may come on the day itself, not later."""
    policy = a_policy([{"day": 3, "do": [FINAL, {"restrict": "blocked"}]}, END])

    assert [(3, "remind-email-final"), (3, "restrict-blocked"), (10, "escalate")] == steps(policy)


def test_a_step_may_be_written_out() -> None:
    """The short forms are only a shorter way to write the same."""
    long_form = {"remind": {"channel": "email", "stage": "final"}}
    policy = a_policy([{"day": 3, "do": [long_form]}, END])

    assert (RemindForm(channel=Channel.EMAIL, stage=Stage.FINAL),) == policy.timeline[0].do
    assert policy == a_policy([{"day": 3, "do": [FINAL]}, END])


@pytest.mark.parametrize(
    ("everything", "parts"),
    [
        (AttemptKind, [COUNTING, NON_COUNTING]),
        (DeclineClass, [RETRYABLE, CUSTOMER_MUST_ACT, OPERATOR_MUST_ACT]),
        (ContactResult, [CLOSES_CHANNEL, LEAVES_CHANNEL_OPEN]),
    ],
)
def test_every_member_is_in_exactly_one_part(everything: type[Enum], parts: list[frozenset[Enum]]) -> None:
    """A new member has to be put into one of the parts before it can be used."""
    assert set(everything) == set().union(*parts)
    assert len(everything) == sum(map(len, parts))


def test_only_the_merchants_own_attempts_use_up_the_policys_budget() -> None:
    """Ours, and those of Stripe or another program; the customer's own tries are the customer's."""
    assert COUNTING - {AttemptKind.OTHER_ENGINE} < OURS < set(AttemptKind)
    assert AttemptKind.CUSTOMER not in COUNTING


def test_a_policy_that_cases_follow_is_read_whatever_new_ones_must_fulfil() -> None:
    """Settings that are gone, in the policy and in a step, and an order of days that is no longer allowed."""
    body = json.loads(STANDARD.model_dump_json())
    body["gone"] = body["retries"]["gone"] = 1
    body["timeline"][1]["do"][1]["remind"]["gone"] = "x"
    body["timeline"][0]["day"] = 2

    stored = Policy.stored(json.dumps({**body, "timeline": list(reversed(body["timeline"]))}))

    assert STANDARD.retries == stored.retries
    assert STANDARD.timeline[1] in stored.timeline
    with pytest.raises(ValidationError):
        Policy.model_validate(body)
