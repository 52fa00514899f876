"""What operators see ahead of a case: every step with its date and reason, also while it is on hold."""

from datetime import timedelta

import pytest

from domain import changes, events, orders
from domain.calendar import local, minute
from domain.case import Case, Hold, HoldReason
from domain.holds import in_full
from domain.plan import Planned, plan
from tests.domain.builders import _KNOWN, a_case, a_policy, at, declines, disputed, live
from tests.domain.test_planner_life import WHOLE_LIFE

NOW = at("04-01 10:00")


def planned(case: Case, now: str | None = None) -> list[Planned]:
    return plan(case, *_KNOWN[case.policy.digest], at(now) if now else NOW)


def dated(steps: list[Planned]) -> list[str]:
    """`04-02 10:00 retry on day 1`, by the customer's clock."""
    return [f"{minute(local(step.at, 'Asia/Bangkok'))[5:]} {step.title}" for step in steps if step.done]


def test_a_new_case_shows_its_whole_timeline() -> None:
    """In the order and with the dates in which it then happens."""
    steps = planned(a_case())

    assert [line[:11] for line in WHOLE_LIFE] == [line[:11] for line in dated(steps)]
    assert "04-02 10:00 retry on day 1" == dated(steps)[0]
    assert "04-29 10:00 handoff to collections on day 28" == dated(steps)[-1]


def test_tries_are_counted_against_those_that_the_timeline_has() -> None:
    """The policy allows eight, and its timeline has six: the first is the first of six."""
    whys = [step.why for step in planned(a_case()) if step.title.startswith("retry")]

    assert [f"retry {number} of 6: generic decline" for number in range(1, 7)] == whys


def test_a_budget_smaller_than_what_is_left_counts() -> None:
    """Never more tries than the policy allows."""
    steps = [{"day": day, "do": ["charge"]} for day in (1, 2, 3)]
    final = {"day": 4, "do": [{"remind": {"channel": "email", "stage": "final"}}]}
    end = {"day": 11, "do": ["escalate"]}
    policy = a_policy(*steps, final, end, retries={"max_attempts": 3})

    whys = [step.why for step in planned(a_case(policy=policy)) if step.title.startswith("retry")]

    assert ["retry 1 of 3", "retry 2 of 3", "retry 3 of 3"] == [why[:12] for why in whys]


def test_the_plan_stays_visible_while_the_case_is_held() -> None:
    """Without an end of the hold, as if it went on now; the timeline has moved by the days that it took."""
    paused = orders.pause(a_case(), events.Pause(), NOW)

    assert dated(planned(a_case())) == dated(planned(paused))
    on_saturday = orders.resume(paused, events.Resume(), at("04-06 10:00"))
    assert dated(planned(on_saturday, "04-06 10:00")) == dated(planned(paused, "04-06 10:00"))
    assert "04-07 10:00 retry on day 1" == dated(planned(paused, "04-06 10:00"))[0]


def test_a_hold_with_an_end_shows_the_dates_after_it() -> None:
    """From the end of the hold on, whenever somebody looks."""
    paused = orders.pause(a_case(), events.Pause(until=NOW + timedelta(days=9)), NOW)

    assert "04-11 10:00 retry on day 1" == dated(planned(paused, "04-02 10:00"))[0]
    assert dated(planned(paused, "04-02 10:00")) == dated(planned(paused, "04-08 10:00"))


def test_what_is_left_out_says_why() -> None:
    """An expired card is not charged until the customer acts; the messages come all the same."""
    steps = planned(a_case("expired_card"))

    left_out = [step for step in steps if not step.done]
    assert 6 == len(left_out)
    assert {step.why for step in left_out} == {
        "no charge until the payment method changes or the customer authenticates (expired card)"
    }
    assert "friendly e-mail on day 3" in {step.title for step in steps if step.done}


def test_a_case_with_an_agency_shows_until_when() -> None:
    """The second delivery, if nobody acknowledges, and the end of the agency's time."""
    with_agency = live(a_case(), until=at("04-30 10:00"), answers=declines()).case

    assert ["05-04 10:00 handoff repeated", "05-13 10:00 end of the agency's time"] == dated(
        planned(with_agency, "04-30 10:00")
    )


def test_a_case_that_is_over_has_no_plan() -> None:
    assert [] == planned(live(a_case()).case, "06-01 10:00")


@pytest.mark.parametrize("reason", HoldReason)
def test_every_hold_says_until_when_and_what_to_do(reason: HoldReason) -> None:
    """Kind, reason, end, and a sentence for whoever reads it."""
    forever = changes.hold(a_case(), Hold(reason=reason, since=NOW, note="it is so."), NOW)
    a_week = changes.hold(a_case(), Hold(reason=reason, since=NOW, note="x", until=NOW + timedelta(days=7)), NOW)

    assert in_full(forever)[0].startswith(f"{reason.in_words}: it is so; until told otherwise. ")
    assert in_full(a_week)[0].startswith(f"{reason.in_words}: x; until 2030-04-08 03:00 UTC. ")
    assert in_full(forever)[0].endswith(".")


def test_who_has_to_look_is_told_how_it_goes_on() -> None:
    """The command, with the invoice."""
    stuck = changes.needs_operator(disputed()(a_case(), NOW), "Stripe refuses the API key: check STRIPE_API_KEY.", NOW)

    assert (
        "operator needed: Stripe refuses the API key: check STRIPE_API_KEY; until told otherwise. Put right what is "
        "named, restart the workers if a setting changed, then python starter.py resume in_1."
    ) in in_full(stuck)
