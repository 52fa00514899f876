"""The timeline as it applies to one case: every step once, at the moment that the policy means."""

from datetime import date, datetime, timedelta

import pytest

from domain import changes
from domain.case import Case, StepState
from domain.kinds.message import MessageStep
from domain.schedule import Schedule, schedule_of
from domain.steps import Channel
from tests.domain.builders import PLAIN, STANDARD, a_case, a_policy, a_stored_policy, at, live, situation

OPENED = at("04-01 10:00")


def keys(case: Case) -> list[str]:
    return [step.key for step in situation(case, OPENED).steps]


def ends_at(case: Case, now: datetime) -> datetime:
    return situation(case, now).ends_at


def test_charges_come_first_then_the_days_in_order_and_the_end_last() -> None:
    """The order in which steps that are due together are done."""
    found = keys(a_case())

    assert [f"d{day:02d}-charge" for day in (1, 3, 5, 7, 10, 14)] == found[:6]
    assert ["d28-cancel_subscription", "d28-escalate"] == found[-2:]
    assert 16 == len(found) == len(set(found))


def test_the_end_comes_last_however_the_policy_writes_its_day() -> None:
    """Handing over first would leave the subscription running for ever."""
    raw = [entry.model_dump(mode="json") for entry in PLAIN.timeline]
    raw[-1]["do"] = raw[-1]["do"][::-1]
    life = live(a_case(policy=a_policy(*raw)))

    assert ["04-29 10:00 d28-cancel_subscription", "04-29 10:00 d28-escalate"] == life.table[14:16]


def test_a_policy_from_before_cancels_at_the_end_that_it_announces() -> None:
    """It names an earlier day; no message ever did. A new policy is refused for it."""
    policy = a_stored_policy(
        {"day": 1, "do": [{"remind": {"channel": "email", "stage": "final"}}]},
        {"day": 9, "do": ["cancel_subscription"]},
        {"day": 20, "do": ["escalate"]},
    )
    life = live(a_case(policy=policy))

    assert ["04-21 10:00 d09-cancel_subscription", "04-21 10:00 d20-escalate"] == life.table[1:3]


def test_an_invoice_without_a_subscription_leaves_out_its_cancellation() -> None:
    """And says so."""
    life = live(a_case(subscription=None))

    assert [("d28-cancel_subscription", "the invoice belongs to no subscription")] == life.skips
    assert "04-29 10:00 d28-escalate" in life.table


@pytest.mark.parametrize("number", range(20))
def test_jitter_spreads_the_cases_and_never_moves_a_step_before_its_time(number: int) -> None:
    """Up to ten minutes after ten, another minute for each case and day, the same on each replay."""
    case = a_case(policy=STANDARD, invoice=f"in_{number}")
    zones = case.facts.time_zones
    for entry in STANDARD.timeline:
        due = {slot.due for slot in schedule_of(case, STANDARD, frozenset(), zones).slots if slot.entry is entry}
        again = {
            slot.due for slot in Schedule(STANDARD, case.facts, 0, frozenset(), zones).slots if slot.entry is entry
        }

        assert 1 == len(due)
        assert timedelta(0) <= due.pop() - (OPENED + timedelta(days=entry.day)) <= timedelta(minutes=10)
        assert again == {
            slot.due for slot in schedule_of(case, STANDARD, frozenset(), zones).slots if slot.entry is entry
        }


def test_jitter_at_the_end_of_the_hours_never_leaves_them() -> None:
    """Five to eight in the evening and up to an hour late: then it is the next morning."""
    policy = a_policy(
        {"day": 1, "at": "19:55", "do": [{"remind": {"channel": "email", "stage": "final"}}]},
        {"day": 20, "do": ["escalate"]},
        jitter="PT1H",
    )
    for number in range(40):
        life = live(a_case(policy=policy, invoice=f"in_{number}"), until=at("04-04 00:00"))
        clock = life.local(life.acts[0][0]).time()

        assert policy.contacts.hours.start <= clock < policy.contacts.hours.end


def test_the_end_is_the_planned_one_unless_the_final_notice_was_late() -> None:
    """Seven local days after the notice at the earliest."""
    case = a_case()
    final = next(step for step in situation(case, OPENED).steps if step.warns)
    late = changes.ended(case, final, StepState.DONE, at("04-25 19:00"))
    early = changes.ended(case, final, StepState.DONE, at("04-10 19:00"))

    assert at("04-29 10:00") == ends_at(case, OPENED) == ends_at(early, OPENED)
    assert at("05-02 10:00") == ends_at(late, OPENED)
    assert at("05-07 10:00") == ends_at(case, at("04-30 12:00"))


def test_summer_time_moves_no_step_off_its_wall_clock() -> None:
    """Opened before the change in Berlin, ten o'clock stays ten o'clock."""
    life = live(a_case(zone="Europe/Berlin", opened="03-29 10:00"), until=at("04-04 00:00", "Europe/Berlin"))

    assert ["03-30 10:00", "04-01 10:00", "04-03 10:00"] == [line[:11] for line in life.charges]


def test_a_step_knows_its_entry_and_steps_of_no_entry_know_none() -> None:
    """d01 is not d10, and the request for a new card is of no day."""
    now = situation(a_case("expired_card"), OPENED)
    for step in now.steps:
        slot = now.slot_of(step)

        assert (None if step.key == "ask-0" else step.day) == (slot.entry.day if slot else None)


def test_days_of_three_digits_are_told_from_those_of_two() -> None:
    """Day 10 and day 100."""
    policy = a_policy(
        {"day": 10, "do": [{"remind": {"channel": "email", "stage": "friendly"}}]},
        {"day": 100, "do": [{"remind": {"channel": "email", "stage": "final"}}]},
        {"day": 120, "do": ["escalate"]},
    )
    case = a_case(policy=policy)

    now = situation(case, OPENED)

    assert [10, 100, 120] == [slot.entry.day for step in now.steps if (slot := now.slot_of(step))]


def test_the_fallbacks_are_followed_to_the_first_open_channel() -> None:
    """Notice, e-mail closed, SMS."""
    case = changes.close_channel(changes.close_channel(a_case(), Channel.NOTICE, "off"), Channel.EMAIL, "bounced")
    channels = {step.key: step.channel for step in situation(case, OPENED).steps if isinstance(step, MessageStep)}

    assert {Channel.SMS} == set(channels.values())


def test_the_timeline_is_over_when_its_end_is_recorded() -> None:
    """Nothing else ends a timeline."""
    assert not situation(a_case(), OPENED).timeline_is_over
    assert situation(live(a_case()).case, OPENED).timeline_is_over


def test_messages_that_a_holiday_moves_go_out_together_and_the_end_moves_along() -> None:
    """One wake-up for the day's messages, and an end that counts from the notice as it will really go out."""
    case = a_case(policy=STANDARD, holidays=[date(2030, 4, 22)])

    finals = {step.due for step in situation(case, OPENED).steps if step.day == 21}

    assert 1 == len(finals)
    assert "2030-04-23" == finals.pop().date().isoformat()
    assert "2030-04-30" == ends_at(case, OPENED).date().isoformat()
