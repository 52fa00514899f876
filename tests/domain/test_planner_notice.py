"""R32: no end without a notice that certainly went out, or a human who says so."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given

from domain import changes, events, holds, life, news, orders
from domain.case import Case, HoldReason, StepState
from domain.decisions import Act, Effect, Wait
from domain.kinds.message import ContactOutcome, ContactState, MessageStep
from domain.life import after
from domain.steps import Channel, Stage
from tests.domain.builders import Event, Life, a_case, a_policy, at, booked, decide, live, settled, situation, usual
from tests.domain.test_planner_properties import lives

FINAL = at("04-22 12:00")
END = at("04-29 10:10")


def reported(channel: Channel, result: events.ContactResult, moment: datetime = FINAL) -> tuple[datetime, Event]:
    fact = events.ContactReported(event_id=f"b-{channel}", channel=channel, result=result)
    return moment, lambda case, now: news.contact_reported(case, fact, now)


def nobody_reachable() -> Case:
    case = a_case()
    for channel in Channel:
        case = changes.close_channel(case, channel, "bounced")
    return case


def test_a_case_ended_that_no_message_had_ever_reached() -> None:
    """It stands still for a human, and says what to do."""
    case = live(nobody_reachable(), until=at("04-29 09:00")).case

    decision = decide(case, END)
    held, _ = after(case, decision, END)

    assert [HoldReason.OPERATOR_NEEDED] == [hold.reason for hold in held.holds]
    (said,) = holds.in_full(held)
    assert "no final notice certainly reached the customer" in said
    for order in ("messages in_1", "resume in_1: the end comes at once", "write-off in_1"):
        assert f"python starter.py {order}" in said
    assert "Put right what is named" not in said


def test_what_an_operator_has_to_look_at_afterwards_is_said_as_ever() -> None:
    """Asked about the end once, and later about a wrong key."""
    case = live(nobody_reachable(), until=at("04-29 09:00")).case
    held, _ = after(case, decide(case, END), END)

    (said,) = holds.in_full(changes.needs_operator(held, "Stripe refuses the API key", END + timedelta(hours=1)))

    assert "Put right what is named" in said


def test_a_restriction_whose_message_no_provider_took_held_up_the_end_for_ever() -> None:
    """R32: it waits for the message that names it, and the end waited for the restriction. Now it is cut off."""
    policy = a_policy(
        {"day": 1, "do": ["charge", {"remind": {"channel": "email", "stage": "friendly"}}]},
        {"day": 2, "do": [{"restrict": "read_only"}]},
        {"day": 3, "do": [{"remind": {"channel": "notice", "stage": "final"}}]},
        {"day": 10, "do": ["cancel_subscription", "escalate"]},
        contacts={"fallback": {}},
        catch_up="all",
    )
    case = a_case(policy=policy, opened="04-01 10:00")
    now, acts, answered = case.facts.opened_at, [], timedelta(hours=1)
    while now < case.facts.opened_at + timedelta(days=12) and not case.closed:
        decision = decide(case, now)
        case = settled(case, decision, now)
        for effect in decision.effects if isinstance(decision, Act) else ():
            acts.append(effect.step.key)
            silent = isinstance(effect.step, MessageStep) and effect.step.channel is Channel.EMAIL
            answer = usual(case, effect, now)
            case = life.unanswered(case, effect, now) if silent else booked(case, effect, answer, now)
        now = max(now + timedelta(seconds=1), decision.until or now) if isinstance(decision, Wait) else now + answered

    assert "d02-restrict-read_only" not in acts
    assert ["d10-cancel_subscription", "d10-escalate"] == acts[-2:]
    assert StepState.SKIPPED is case.steps["d02-restrict-read_only"].state


def test_after_the_human_resumed_the_end_goes_on_and_nobody_is_asked_again() -> None:
    case = live(nobody_reachable(), until=at("04-29 09:00")).case
    held, _ = after(case, decide(case, END), END)
    week_later = END + timedelta(days=7)

    resumed = orders.resume(held, events.Resume(note="told by letter"), week_later)
    life = live(resumed, start=week_later)

    assert [] == life.asked
    assert life.outcome is not None


@pytest.mark.parametrize(
    "result",
    [events.ContactResult.BOUNCED, events.ContactResult.UNDELIVERED, events.ContactResult.INVALID_ADDRESS],
)
def test_every_final_notice_bounced_afterwards_and_the_case_was_handed_over(result: events.ContactResult) -> None:
    life = live(a_case(), told=[reported(Channel.EMAIL, result), reported(Channel.SMS, result)])

    assert 1 == len(life.asked)


def test_one_notice_that_arrived_is_enough() -> None:
    """The e-mail bounced, the text message did not."""
    life = live(a_case(), told=[reported(Channel.EMAIL, events.ContactResult.BOUNCED)])

    assert [] == life.asked


@pytest.mark.parametrize("result", [events.ContactResult.OPTED_OUT, events.ContactResult.COMPLAINED])
def test_who_answers_a_notice_has_got_it(result: events.ContactResult) -> None:
    life = live(a_case(), told=[reported(Channel.EMAIL, result), reported(Channel.SMS, result)])

    assert [] == life.asked


def test_a_case_hung_for_ever_on_a_notice_that_no_provider_took() -> None:
    """Its provider answers none of the tries: on the day of the end a human is asked."""
    case, late = live(a_case(), until=at("04-22 09:00")).case, END - timedelta(hours=1)
    for step in [step for step in situation(case, FINAL).due if step.warns]:
        for _ in range(5):
            case = changes.unanswered(case, step, "503", late)

    decision = decide(case, END)

    assert isinstance(decision, Wait)
    assert decision.hold is not None


def test_the_service_was_restricted_an_hour_after_it_was_first_said() -> None:
    """The first message that got through went out on the very day: two days pass before the restriction."""

    def until_day_10(_case: Case, act: Effect, now: datetime) -> ContactOutcome | None:
        lost = isinstance(act.step, MessageStep) and now < at("04-11 09:00")
        return ContactOutcome(state=ContactState.UNKNOWN) if lost else None

    life = live(a_case(), answers=until_day_10)

    assert "04-13 10:00 d10-restrict-read_only" in life.table
    assert "04-11 10:00 d10-restrict-read_only" in live(a_case()).table


@given(lives())
def test_no_end_without_an_arrived_notice_or_a_human(life: Life) -> None:
    for number, (moment, act) in enumerate(life.acts):
        if not act.step.ends:
            continue
        before = life.before[number]
        finals = [
            record
            for record in before.steps.values()
            if isinstance(record.step, MessageStep) and record.step.stage is Stage.FINAL and record.state == "done"
        ]
        assert [r for r in finals if not r.unsure] or [asked for asked in life.asked if asked <= moment]
