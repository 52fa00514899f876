"""After an outage: what is made up for, what is left out and recorded, and that the end is still announced."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.case import Outcome, StepState
from domain.changes import unanswered
from domain.kinds.access import AccessStep
from domain.kinds.charge import ChargeStep
from domain.kinds.message import MessageStep
from domain.policy import CatchUp, Policy
from domain.schedule import step_key
from tests.domain.builders import PLAIN, STANDARD, Life, a_case, a_policy, at, live, paused, resumed, usd

KEYS = [step_key(entry, spec) for entry in PLAIN.timeline for spec in entry.do]


def test_latest_sends_the_newest_missed_message_and_makes_one_charge() -> None:
    """Down from day 2 to noon of day 11: one charge, the firm e-mail and two days later its restriction."""
    life = live(a_case(), down=(at("04-03 00:00"), at("04-12 12:00")))

    assert [
        "04-02 10:00 d01-charge",
        "04-12 12:00 d10-charge",
        "04-12 12:00 d10-remind-email-firm",
        "04-14 10:00 d10-restrict-read_only",
        "04-15 10:00 d14-charge",
    ] == life.table[:5]
    assert {
        "d03-charge": "falls together with the retry on day 10",
        "d05-charge": "falls together with the retry on day 10",
        "d07-charge": "falls together with the retry on day 10",
        "d03-remind-email-friendly": "missed while the system was down; the message of day 10 takes its place",
        "d03-remind-notice-friendly": "missed while the system was down; the message of day 10 takes its place",
        "d05-remind-sms-reminder": "missed while the system was down; the message of day 10 takes its place",
        "d07-remind-email-reminder": "missed while the system was down; the message of day 10 takes its place",
    } == dict(life.skips)


def test_all_makes_up_for_everything_in_order_and_one_charge_a_day() -> None:
    """Every missed message at once, the missed charges one a day."""
    life = live(a_case(policy=a_policy(catch_up="all")), down=(at("04-03 00:00"), at("04-09 12:00")))

    assert [
        "04-09 12:00 d03-remind-email-friendly",
        "04-09 12:00 d03-remind-notice-friendly",
        "04-09 12:00 d05-remind-sms-reminder",
        "04-09 12:00 d07-remind-email-reminder",
    ] == life.messages[:4]
    assert "04-09 12:00 d03-charge" in life.charges
    days = [line[:5] for line in life.charges]
    assert len(days) == len(set(days))


def test_none_leaves_out_what_was_missed() -> None:
    """The next message is the next one of the timeline."""
    life = live(a_case(policy=a_policy(catch_up="none")), down=(at("04-03 00:00"), at("04-10 12:00")))

    assert "04-11 10:00 d10-remind-email-firm" == life.messages[0]
    assert ["04-02 10:00 d01-charge", "04-11 10:00 d10-charge", "04-15 10:00 d14-charge"] == life.charges


def test_none_still_announces_the_end() -> None:
    """The final notice is never left out, and the end waits for it."""
    life = live(a_case(policy=a_policy(catch_up="none")), down=(at("04-15 12:00"), at("05-06 12:00")))

    assert ["05-06 12:00 d21-remind-email-final", "05-06 12:00 d21-remind-sms-final"] == life.messages[-2:]
    assert "05-13 10:00 d28-escalate" in life.table


def test_a_message_after_the_final_notice_never_takes_its_place() -> None:
    """Both missed: the final notice goes out, and the end is as far away as it promises."""
    policy = a_policy(
        {"day": 10, "do": [{"remind": {"channel": "email", "stage": "final"}}]},
        {"day": 15, "do": [{"remind": {"channel": "email", "stage": "reminder"}}]},
        {"day": 20, "do": ["escalate"]},
    )
    life = live(a_case(policy=policy), down=(at("04-02 00:00"), at("04-18 12:00")))

    assert ["04-18 12:00 d10-remind-email-final", "04-25 10:00 d20-escalate"] == life.table[:2]
    assert ["d15-remind-email-reminder"] == [key for key, _ in life.skips]


def test_a_short_delay_is_no_outage() -> None:
    """Within `late_after` both messages of two days go out."""
    policy = a_policy(
        {"day": 1, "at": "18:00", "do": [{"remind": {"channel": "email", "stage": "friendly"}}]},
        {"day": 2, "at": "09:00", "do": [{"remind": {"channel": "email", "stage": "final"}}]},
        {"day": 20, "do": ["escalate"]},
        late_after="PT20H",
    )
    life = live(a_case(policy=policy), down=(at("04-02 17:00"), at("04-03 09:30")))

    assert 2 == len(life.messages)


def assert_outage_left_nothing_open(life: Life, policy: Policy, up: datetime) -> None:
    """What holds after every outage."""
    case = life.case

    assert Outcome.WRITTEN_OFF is life.outcome
    assert set(KEYS) == set(case.steps), "every step of the timeline ends, once"
    states = {key: record.state for key, record in case.steps.items()}
    skipped = [key for key, _ in life.skips]
    assert len(skipped) == len(set(skipped))
    assert set(skipped) == {key for key, state in states.items() if state is StepState.SKIPPED}
    acted = [act.step.key for _, act in life.acts]
    assert len(acted) == len(set(acted)), "no step is done twice"
    assert set(KEYS) == {*acted, *skipped}
    final = [moment for moment, act in life.acts if act.step.warns]
    end = next(moment for moment, act in life.acts if act.step.key == "d28-escalate")
    notice = life.local(end).date() - life.local(min(final)).date()
    assert notice >= timedelta(days=policy.endgame.notice_days)
    charged = [moment for moment, act in life.acts if isinstance(act.step, ChargeStep)]
    assert len({life.local(moment).date() for moment in charged}) == len(charged), "one charge a day"
    told = [type(act.step) for _, act in life.acts if isinstance(act.step, MessageStep | AccessStep)]
    assert MessageStep is told[0]
    if policy.catch_up is CatchUp.LATEST:
        at_once = [act for moment, act in life.acts if up <= moment < up + timedelta(minutes=5)]
        assert 1 >= len([act for act in at_once if isinstance(act.step, ChargeStep)])
        assert 1 >= len({act.step.day for act in at_once if isinstance(act.step, MessageStep)})


@pytest.mark.parametrize("catch_up", list(CatchUp))
@given(
    begins=st.integers(0, 40 * 24),
    lasts=st.integers(24, 60 * 24),
    opened=st.integers(0, 13),
    zone=st.sampled_from(["Asia/Bangkok", "America/New_York", "Europe/Berlin", "Pacific/Kiritimati"]),
)
def test_any_outage_of_up_to_sixty_days_ends_announced_and_complete(
    catch_up: CatchUp, begins: int, lasts: int, opened: int, zone: str
) -> None:
    """Whatever day and hour the system goes down and comes back."""
    policy = STANDARD.model_copy(update={"catch_up": catch_up})
    case = a_case(policy=policy, zone=zone, opened=f"04-{opened + 1:02d} 16:20", due=usd("20"))
    start = case.facts.opened_at + timedelta(hours=begins)
    up = start + timedelta(hours=lasts)

    assert_outage_left_nothing_open(live(case, down=(start, up)), policy, up)


@given(first=st.integers(0, 300), second=st.integers(0, 300), lasts=st.integers(1, 200))
def test_two_outages_leave_nothing_open_either(first: int, second: int, lasts: int) -> None:
    """Down twice: the rule applies each time."""
    case = a_case(policy=STANDARD, due=usd("20"))
    start = case.facts.opened_at + timedelta(hours=first)
    before = live(case, until=start)
    pause = start + timedelta(hours=lasts)
    then = live(before.case, start=pause, until=pause + timedelta(hours=second))
    back = pause + timedelta(hours=second + lasts)
    rest = live(then.case, start=back)

    assert Outcome.WRITTEN_OFF is rest.outcome
    assert set(KEYS) == set(rest.case.steps)


def test_the_request_for_a_new_card_is_still_made_after_an_outage() -> None:
    """Down at the decline, up three days later: a message of that day says it, or the request goes out itself."""
    life = live(a_case("expired_card"), down=(at("04-01 10:00"), at("04-03 12:00")))

    assert "04-03 12:00 ask-0" == life.messages[0]


def test_a_new_card_that_came_during_the_outage_is_tried_at_once_and_alone() -> None:
    """The new method goes before every missed try."""
    case = a_case("expired_card")
    changed = case.model_copy(update={"method_changes": 1})
    life = live(changed, down=(at("04-01 10:00"), at("04-10 12:00")))

    assert "04-10 12:00 m1-charge" == life.charges[0]
    assert all("04-10" not in line for line in life.charges[1:])


def test_holds_and_outages_are_told_apart() -> None:
    """Paused until day 4, down until day 9: the pause moved the timeline, the outage is caught up."""
    life = live(
        a_case(),
        told=[(at("04-01 12:00"), paused(at("04-05 12:00")))],
        down=(at("04-02 00:00"), at("04-10 12:00")),
    )

    # Four days of pause; day 3 of the timeline is 8 April, day 5 is 10 April.
    assert ["04-10 12:00 d05-charge", "04-12 10:00 d07-charge"] == life.charges[:2]
    assert 4 == life.case.shift_days


def test_none_does_not_take_a_sunday_for_an_outage() -> None:
    """The firm e-mail waits for Monday, and so does the restriction that it announces."""
    life = live(a_case(opened="03-28 10:00", policy=a_policy(catch_up="none")))  # day 10 is Sunday, 7 April

    assert ["04-08 09:00 d10-remind-email-firm", "04-08 09:00 d10-restrict-read_only"] == [
        line for line in life.table if "04-08" in line
    ]


@pytest.mark.parametrize("end", ["20:15", "22:30"])
def test_none_does_not_take_a_pause_within_a_day_for_an_outage(end: str) -> None:
    """Its steps are due when it ends, and its messages in the next morning's hours."""
    told = [(at("04-11 08:00"), paused()), (at(f"04-11 {end}"), resumed())]
    life = live(a_case(policy=a_policy(catch_up="none")), told=told)

    assert [] == [key for key, why in life.skips if "the system was down" in why]
    assert "04-12 09:00 d10-restrict-read_only" in life.table


def test_none_does_not_take_a_providers_silence_for_an_outage() -> None:
    """The merchant's application did not answer for half a day: the restriction is not forgotten, it may have come."""
    policy = a_policy(catch_up="none")
    whole = live(a_case(policy=policy))
    place = next(place for place, (_, act) in enumerate(whole.acts) if act.step.key == "d10-restrict-read_only")
    moment, effect = whole.acts[place]
    silent = unanswered(effect.step.lost(whole.before[place]), effect.step, "no answer", moment + timedelta(hours=12))
    again = live(silent, start=moment + timedelta(hours=13), until=moment + timedelta(hours=14))

    assert ["d10-restrict-read_only"] == [act.step.key for _, act in again.acts]
    assert [] == again.skips
