"""Channels that are closed to a customer: failure 17 of the field, and what falls back on what."""

from datetime import datetime

import pytest

from domain import changes, events, news
from domain.case import Case, Outcome
from domain.consent import BY_INTRUSION, UNKNOWN_HOURS, together
from domain.decisions import Effect
from domain.kinds.message import ContactOutcome, ContactState, MessageStep
from domain.steps import Channel
from tests.domain.builders import (
    a_case,
    a_policy,
    at,
    live,
)


def test_failure_17_a_bounced_address_goes_to_the_fallback_channel() -> None:
    """E-mail bounced on day 3: from then on SMS, once a day; nothing stays queued."""
    fact = events.ContactReported(event_id="b", channel=Channel.EMAIL, result=events.ContactResult.BOUNCED)
    life = live(a_case(), told=[(at("04-04 10:05"), lambda case, now: news.contact_reported(case, fact, now))])
    sent = [(act.step.key, act.step.channel) for _, act in life.acts if isinstance(act.step, MessageStep)]

    assert [
        ("d03-remind-email-friendly", Channel.EMAIL),
        ("d03-remind-notice-friendly", Channel.NOTICE),
        ("d05-remind-sms-reminder", Channel.SMS),
        ("d07-remind-email-reminder", Channel.SMS),
        ("d10-remind-email-firm", Channel.SMS),
        ("d21-remind-sms-final", Channel.SMS),
    ] == sent
    assert [("d21-remind-email-final", "e-mail is closed and the SMS of day 21 says the same")] == life.skips
    assert "04-29 10:00 d28-escalate" in life.table


def test_failure_17_an_address_that_the_provider_will_not_take_falls_back_at_once() -> None:
    """Found while sending: the same step goes out on the other channel in the same wake-up."""
    unreachable = ContactOutcome(state=ContactState.UNREACHABLE, why="the address does not exist")

    def answers(_case: Case, act: Effect, _now: datetime) -> ContactOutcome | None:
        return unreachable if isinstance(act.step, MessageStep) and act.step.channel is Channel.EMAIL else None

    life = live(a_case("expired_card"), answers=answers, until=at("04-02 00:00"))

    assert ["04-01 10:00 ask-0", "04-01 10:00 ask-0"] == life.messages
    assert [Channel.EMAIL, Channel.SMS] == [
        act.step.channel for _, act in life.acts if isinstance(act.step, MessageStep)
    ]


def test_failure_17_a_customer_without_any_open_channel_keeps_nothing_queued() -> None:
    """Every message is skipped with its reason, the charges go on, and a human is asked before the end."""
    case = a_case()
    for channel in Channel:
        case = changes.close_channel(case, channel, "bounced")
    life = live(case)

    assert [] == life.messages
    assert 7 == len([key for key, why in life.skips if "no channel is left" in why])
    assert "04-29 10:00 d28-escalate" in life.table
    assert ["04-29 10:00"] == [f"{life.local(asked):%m-%d %H:%M}" for asked in life.asked]


def test_failure_17_channels_that_fall_back_on_each_other_do_not_turn_in_circles() -> None:
    """Unreachable on each channel in turn: each is asked once, then the step is skipped."""
    unreachable = ContactOutcome(state=ContactState.UNREACHABLE, why="no address")
    life = live(a_case(), answers=lambda _c, act, _n: unreachable if isinstance(act.step, MessageStep) else None)

    assert 3 == len(life.messages)
    assert Outcome.COLLECTIONS is life.outcome


@pytest.mark.parametrize("result", [events.ContactResult.OPTED_OUT, events.ContactResult.COMPLAINED])
def test_who_wanted_no_more_e_mails_got_text_messages_instead(result: events.ContactResult) -> None:
    """R38: a wish leads to no channel that intrudes more. What the policy itself plans as a text stays one."""
    fact = events.ContactReported(event_id="b", channel=Channel.EMAIL, result=result)
    life = live(a_case(), told=[(at("04-04 10:05"), lambda case, now: news.contact_reported(case, fact, now))])
    sent = [(act.step.key, act.step.channel) for _, act in life.acts if isinstance(act.step, MessageStep)]

    assert [
        ("d03-remind-email-friendly", Channel.EMAIL),
        ("d03-remind-notice-friendly", Channel.NOTICE),
        ("d05-remind-sms-reminder", Channel.SMS),
        ("d21-remind-sms-final", Channel.SMS),
    ] == sent
    assert {f"no channel is left to this customer (email: {result.words})"} == {why for _, why in life.skips}


def test_a_bounce_that_came_after_the_wish_let_text_messages_take_the_place_of_e_mails() -> None:
    """R38: the bounce is of a mail from before. A wish stays one, whatever else is wrong with the address."""
    facts = [
        events.ContactReported(event_id=result, channel=Channel.EMAIL, result=result)
        for result in (events.ContactResult.OPTED_OUT, events.ContactResult.BOUNCED)
    ]

    def both(case: Case, now: datetime) -> Case:
        return news.contact_reported(news.contact_reported(case, facts[0], now), facts[1], now)

    told = [(at("04-04 10:05"), both)]
    life = live(a_case(), told=told)
    sent = {act.step.key for _, act in life.acts if isinstance(act.step, MessageStep) and act.step.instead_of}

    assert set() == sent
    assert {"no channel is left to this customer (email: opted out)"} == {why for _, why in life.skips}


def test_a_wish_stands_over_what_a_case_was_told_of_the_address() -> None:
    wish, bounce = {Channel.EMAIL: "opted out"}, {Channel.EMAIL: "bounced"}

    assert wish == together(wish, bounce) == together(bounce, wish)
    assert {**bounce, Channel.SMS: "opted out"} == together(bounce, {Channel.SMS: "opted out"})


def test_who_wanted_no_more_e_mails_is_told_in_the_application_where_the_policy_says_so() -> None:
    """A notice intrudes less than an e-mail, directly and behind a channel that intrudes more."""
    for fallback in ({"email": "notice"}, {"email": "sms", "sms": "notice"}):
        policy = a_policy(contacts={"fallback": fallback})
        case = changes.close_channel(a_case(policy=policy), Channel.EMAIL, events.ContactResult.OPTED_OUT.words)
        life = live(case)

        assert [Channel.NOTICE] == [act.step.channel for _, act in life.acts if act.step.key.startswith("d10-remind")]


def test_who_wanted_no_more_text_messages_gets_an_e_mail() -> None:
    """It intrudes less; an address that is wrong is no wish at all."""
    case = changes.close_channel(a_case(), Channel.SMS, events.ContactResult.OPTED_OUT.words)
    life = live(case)

    assert [Channel.EMAIL] == [act.step.channel for _, act in life.acts if act.step.key == "d05-remind-sms-reminder"]


def test_somebody_of_whom_nothing_was_known_was_texted_in_the_night() -> None:
    """R35: no channel that can wake anybody; the e-mail takes its place."""
    case = a_case()
    case = case.model_copy(update={"facts": case.facts.model_copy(update={"place_known": False})})
    life = live(case)
    channels = {act.step.channel for _, act in life.acts if isinstance(act.step, MessageStep)}

    assert {Channel.EMAIL, Channel.NOTICE} == channels
    assert [Channel.EMAIL] == [act.step.channel for _, act in life.acts if act.step.key == "d05-remind-sms-reminder"]


def test_every_channel_has_its_place_among_those_that_intrude() -> None:
    """Whoever adds one says how much it does."""
    assert set(Channel) == set(BY_INTRUSION)
    assert len(Channel) == len(BY_INTRUSION)
    assert set(Channel) >= UNKNOWN_HOURS.keys()
