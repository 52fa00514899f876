"""The failures of others on every channel: what is said on paper, in chats, in the application and on the telephone."""

from datetime import date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from domain.case import Case
from domain.consent import BY_INTRUSION, WISHES, open_channel
from domain.decisions import Effect
from domain.declines import Reason
from domain.kinds.access import AccessStep
from domain.kinds.call import CallStep, CallTask
from domain.kinds.message import ContactOutcome, ContactState, MessageStep
from domain.policy import Policy
from domain.steps import DEMANDS, WRITTEN, Channel, Stage
from domain.truth import Ending, MessageFacts
from domain.wording import wording
from tests.domain.builders import PLAIN, Answer, a_case, a_policy, live, sending

CALLS = {"call": {"valid_days": 5}}
NEW = (Channel.WHATSAPP, Channel.LINE, Channel.LETTER, Channel.NOTICE)
END: dict[str, Any] = {"ends_on": date(2030, 4, 29), "ending": Ending.COLLECTIONS}


def remind(channel: Channel, stage: Stage = Stage.FRIENDLY) -> dict[str, Any]:
    return {"remind": {"channel": channel.value, "stage": stage.value}}


FINAL: dict[str, Any] = {"day": 21, "do": [remind(Channel.EMAIL, Stage.FINAL)]}


def policy(*entries: dict[str, Any], **contacts: Any) -> Policy:
    return a_policy(*entries, {"day": 28, "do": ["escalate"]}, contacts={"fallback": {}, **contacts})


def on(channel: Channel, state: ContactState) -> Answer:
    """What becomes of messages on a channel."""

    def answers(_case: Case, effect: Effect, _now: datetime) -> ContactOutcome | None:
        on_it = isinstance(effect.step, MessageStep) and effect.step.channel is channel
        return ContactOutcome(state=state, why="not taken") if on_it else None

    return answers


@pytest.mark.parametrize("channel", WRITTEN)
@pytest.mark.parametrize("stage", DEMANDS)
def test_failure_12_where_nothing_was_tried_no_channel_says_that_a_payment_failed(
    channel: Channel, stage: Stage
) -> None:
    facts = MessageFacts(stage=stage, reason=Reason.INSUFFICIENT_FUNDS, tried=False, **END)

    keys = [sentence.key for sentence in wording(facts, sending(has_method=True), channel).sentences]

    assert not [key for key in keys if key.endswith(".tried") or key.startswith("reasons.")]


@pytest.mark.parametrize("channel", WRITTEN)
@pytest.mark.parametrize("stage", DEMANDS)
def test_failure_14_after_the_last_try_no_channel_speaks_of_another(channel: Channel, stage: Stage) -> None:
    said = MessageFacts(stage=stage, reason=Reason.INSUFFICIENT_FUNDS, next_charge_on=date(2030, 4, 5), **END)
    last = said.but(next_charge_on=None)

    values = [value for s in wording(last, sending(has_method=True), channel).sentences for value in s.values]

    assert "next_charge_on" not in values


def test_failure_14_a_call_after_the_last_try_speaks_of_no_other() -> None:
    """And one before it names the day."""
    timeline = PLAIN.model_dump(mode="json")["timeline"]
    calling = a_policy({"day": 2, "do": [CALLS]}, *timeline[1:-1], {"day": 26, "do": [CALLS]}, timeline[-1])
    acts = live(a_case(policy=calling)).acts

    facts = [effect.task.facts for _, effect in acts if isinstance(effect.task, CallTask)]

    assert [date(2030, 4, 4), None] == [each.next_charge_on for each in facts]


def test_failure_15_a_call_is_not_the_message_before_access_drops() -> None:
    """Nobody knows whether it will be made."""
    with pytest.raises(ValidationError, match="restrict on day 2 comes before any message"):
        policy({"day": 1, "do": [CALLS]}, {"day": 2, "do": [{"restrict": "blocked"}]}, FINAL)


def test_failure_15_a_call_starts_no_notice_period() -> None:
    """The days before a restriction count from the first message."""
    calling = policy(
        {"day": 1, "do": [CALLS]},
        {"day": 4, "do": [remind(Channel.EMAIL)]},
        {"day": 5, "do": [{"restrict": "blocked"}]},
        FINAL,
        access_notice_days=2,
    )

    assert "04-07 10:00 d05-restrict-blocked" in live(a_case(policy=calling)).table


@pytest.mark.parametrize("channel", NEW)
def test_failure_15_a_message_that_may_not_have_gone_out_starts_no_notice_period(channel: Channel) -> None:
    """LINE and print services forget their keys after a day: nobody knows then, and the next message counts."""
    doubtful = policy(
        {"day": 1, "do": [remind(channel)]},
        {"day": 4, "do": [remind(Channel.EMAIL, Stage.REMINDER)]},
        {"day": 5, "do": [{"restrict": "blocked"}]},
        FINAL,
        access_notice_days=2,
    )
    life = live(a_case(policy=doubtful), answers=on(channel, ContactState.UNKNOWN))
    certain = live(a_case(policy=doubtful))

    assert "04-07 10:00 d05-restrict-blocked" in life.table
    assert "04-06 10:00 d05-restrict-blocked" in certain.table


@pytest.mark.parametrize("state", [ContactState.UNREACHABLE, ContactState.UNKNOWN])
@pytest.mark.parametrize("channel", NEW)
def test_failure_15_nobody_is_restricted_to_whom_certainly_nothing_was_said(
    channel: Channel, state: ContactState
) -> None:
    """It is left out, on record with its rule; before the end a human is asked."""
    only = policy(
        {"day": 1, "do": [remind(channel)]},
        {"day": 5, "do": [{"restrict": "blocked"}]},
        {"day": 21, "do": [remind(channel, Stage.FINAL)]},
    )
    life = live(a_case(policy=only), answers=on(channel, state))
    told = live(a_case(policy=only))

    assert not [row for row in life.table if "restrict" in row]
    assert [why for key, why in life.skips if "restrict" in key] == [
        "nobody is restricted who was told nothing: no message certainly went out before"
    ]
    assert 1 == len(life.asked)
    assert "04-06 10:00 d05-restrict-blocked" in told.table


@pytest.mark.parametrize("channel", NEW)
def test_failure_17_a_dead_channel_leaves_nothing_queued(channel: Channel) -> None:
    """R32: each message there is asked for once, and what is left of the case goes on: a human is asked at the end."""
    only = policy(
        {"day": 1, "do": [remind(channel)]},
        {"day": 7, "do": [remind(channel, Stage.FIRM)]},
        {"day": 21, "do": [remind(channel, Stage.FINAL)]},
    )
    life = live(a_case(policy=only), answers=on(channel, ContactState.UNREACHABLE))

    assert 1 == len(life.messages)
    assert 3 == len([key for key, why in life.skips if "no channel is left" in why])
    assert ["04-29"] == [f"{life.local(asked):%m-%d}" for asked in life.asked]


@pytest.mark.parametrize("channel", NEW)
def test_one_notice_that_arrived_on_any_channel_is_enough_for_the_end(channel: Channel) -> None:
    """R32: what the first one's provider never takes holds up nothing."""
    both = policy({"day": 21, "do": [remind(Channel.EMAIL, Stage.FINAL), remind(channel, Stage.FINAL)]})
    life = live(a_case(policy=both), answers=on(Channel.EMAIL, ContactState.UNREACHABLE))

    assert [] == life.asked
    assert any(row.endswith("d28-escalate") for row in life.table)


def test_failure_17_a_queue_that_nobody_works_through_holds_up_no_end() -> None:
    calling = policy({"day": 1, "do": [CALLS]}, FINAL)
    life = live(a_case(policy=calling))

    assert 1 == len([effect for _, effect in life.acts if isinstance(effect.step, CallStep)])
    assert any(row.endswith("d28-escalate") for row in life.table)
    assert not [effect for _, effect in life.acts if isinstance(effect.step, AccessStep)]


@pytest.mark.parametrize("channel", WRITTEN)
@pytest.mark.parametrize("wish", sorted(WISHES))
def test_a_wish_never_moves_a_message_to_paper_or_a_telephone_that_intrudes_more(channel: Channel, wish: str) -> None:
    """R38: whatever the policy falls back to, along any way."""
    more = BY_INTRUSION[BY_INTRUSION.index(channel) + 1 :]
    for first in more:
        for second in more:
            taken = open_channel(channel, {channel: wish}, {channel: first, first: second})

            assert channel is taken
