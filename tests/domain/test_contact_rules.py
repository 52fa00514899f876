"""Caps and conversation: what one case may say counts what the others have said."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.declines import DeclineClass, Reason
from domain.gates import ALLOW, Postpone, Refuse
from domain.rules.contacts import ContactCaps, ContactRules, ContactUse, SaidWith, covers
from domain.steps import Access, Channel, Stage
from domain.truth import MessageFacts
from tests.domain.builders import at

NOW = at("04-10 10:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIMIT = date(2030, 4, 11)


def caps(per_week: int = 2, distance: timedelta = timedelta(0), **fields: Any) -> ContactCaps:
    return ContactCaps(per_week=per_week, distance=distance, policy="standard@1", **fields)


def facts(stage: Stage = Stage.FRIENDLY, **fields: Any) -> MessageFacts:
    return MessageFacts.model_validate({"stage": stage, "reason": Reason.DECLINED} | fields)


def use(ago: timedelta = HOUR, **fields: Any) -> ContactUse:
    given = {"invoice_id": "in_2", "channel": Channel.EMAIL, "at": NOW - ago, "said": facts(), "names": ("in_1",)}
    return ContactUse.model_validate(given | fields)


def rules(said: MessageFacts | None = None, channel: Channel = Channel.EMAIL, **fields: Any) -> ContactRules:
    return ContactRules(invoice_id="in_1", channel=channel, facts=said or facts(), **fields)


@pytest.mark.parametrize(
    ("days_ago", "until"),
    [
        ((), None),
        ((6,), None),
        ((7, 7, 1), None),
        ((6, 1), 1),
        ((1, 6), 1),
        ((6, 5, 4), 2),
        ((0, 0), 7),
        ((-1, 6), 1),
    ],
)
def test_so_many_contacts_in_a_week(days_ago: tuple[int, ...], until: int | None) -> None:
    """Below, at and above two; one that overtook this one counts as well."""
    answer = caps().ask(Channel.EMAIL, [NOW - ago * DAY for ago in days_ago], NOW)

    assert (NOW + until * DAY if until else None) == (answer.until if isinstance(answer, Postpone) else None)


@pytest.mark.parametrize(("hours_ago", "waits"), [(3, False), (2, False), (1, True), (0, True)])
def test_contacts_are_a_distance_apart(hours_ago: int, waits: bool) -> None:
    """On any channel."""
    answer = caps(9, 2 * HOUR).ask(Channel.SMS, [NOW - hours_ago * HOUR], NOW)

    assert answer == (
        Postpone(
            until=NOW + (2 - hours_ago) * HOUR,
            why="the customer was contacted as often as the policy allows (9 in a week, 2:00:00 apart)",
            rule="contacts@standard@1",
        )
        if waits
        else ALLOW
    )


def test_messages_of_one_moment_need_no_distance() -> None:
    """As the two final notices of the standard policy."""
    assert ALLOW is caps(9).ask(Channel.SMS, [NOW], NOW)


def test_notices_neither_count_nor_wait() -> None:
    """They are shown to somebody who looks."""
    notices = [use(channel=Channel.NOTICE, names=())] * 3

    assert ALLOW is rules(caps=caps()).ask(notices, NOW)
    assert ALLOW is caps().ask(Channel.NOTICE, [NOW, NOW], NOW)


def test_nothing_waits_for_ever() -> None:
    """A final notice goes out then, and any other message is left out; none waits beyond that moment."""
    for insists in (True, False):
        late = caps(patient_until=NOW + DAY, insists=insists)
        answer = late.ask(Channel.EMAIL, [NOW, NOW], NOW)
        then = late.ask(Channel.EMAIL, [NOW, NOW], NOW + DAY)

        assert isinstance(answer, Postpone)
        assert NOW + DAY == answer.until
        assert then is ALLOW if insists else isinstance(then, Refuse)


_MINUTES = st.integers(min_value=-20_000, max_value=20_000)


@given(st.lists(_MINUTES, max_size=30), st.integers(1, 9), st.integers(0, 20_000))
def test_what_is_postponed_is_allowed_then(minutes: list[int], per_week: int, distance: int) -> None:
    """And a contact that is allowed never makes one more than the cap in the week before it."""
    times = [NOW + timedelta(minutes=minute) for minute in minutes]
    cap = caps(per_week, timedelta(minutes=min(distance, 10_080)))
    answer = cap.ask(Channel.EMAIL, times, NOW)
    moment = answer.until if isinstance(answer, Postpone) else NOW

    assert moment >= NOW
    assert ALLOW is cap.ask(Channel.EMAIL, times, moment)
    assert sum(moment - 7 * DAY < time <= moment for time in times) < per_week


@pytest.mark.parametrize(
    ("said", "wanted", "is_said"),
    [
        (facts(), facts(), True),
        (facts(Stage.FIRM), facts(Stage.REMINDER), True),
        (facts(Stage.FRIENDLY), facts(Stage.REMINDER), False),
        (facts(Stage.FINAL), facts(Stage.FIRM), True),
        (facts(Stage.FINAL), facts(Stage.FINAL), False),
        (facts(Stage.FRIENDLY), facts(Stage.ACTION), True),
        (facts(), facts(action=DeclineClass.AUTHENTICATE), False),
        (facts(action=DeclineClass.AUTHENTICATE), facts(action=DeclineClass.AUTHENTICATE), True),
        (facts(action=DeclineClass.AUTHENTICATE), facts(), True),
        (facts(), facts(restricts_on=LIMIT), False),
        (facts(restricts_on=LIMIT), facts(restricts_on=LIMIT), True),
        (facts(restricts_on=LIMIT), facts(restricts_on=LIMIT - DAY), False),
        (facts(restricts_on=LIMIT - DAY), facts(restricts_on=LIMIT), True),
        (facts(access=Access.BLOCKED), facts(restricts_on=LIMIT), True),
        (facts(), facts(restricts_on=LIMIT, access=Access.BLOCKED), True),
    ],
)
def test_what_one_message_says_for_another_invoice(said: MessageFacts, wanted: MessageFacts, is_said: bool) -> None:
    """Nothing that it does not say: no later date, no other thing to do, no milder tone, and never the end."""
    assert is_said is covers(said, wanted)


END = {"ends_on": date(2030, 4, 29), "ending": "write_off"}


@pytest.mark.parametrize(
    ("said", "wanted", "is_said"),
    [
        ({}, {}, True),
        ({"also_final": ()}, {}, False),
        ({"also_final": ("in_3",)}, {}, False),
        ({}, {"ends_on": date(2030, 4, 30)}, False),
        ({}, {"ending": "collections"}, False),
        ({}, {"cancels": False}, False),
        ({}, {"action": DeclineClass.AUTHENTICATE}, False),
        ({"stage": Stage.FIRM}, {}, False),
    ],
)
def test_one_final_notice_stands_for_two_invoices_that_end_together(
    said: dict[str, Any], wanted: dict[str, Any], is_said: bool
) -> None:
    """The same day and the same consequence, said of both; and it certainly went out."""
    other = facts(**{"stage": Stage.FINAL, "also_final": ("in_1",)} | END | said)
    mine = rules(facts(**{"stage": Stage.FINAL} | END | wanted))

    assert (SaidWith(invoice_id="in_2") if is_said else ALLOW) == mine.ask([use(said=other)], NOW)
    assert ALLOW is mine.ask([use(said=other, unsure=True)], NOW)


@pytest.mark.parametrize(
    ("other", "answer"),
    [
        (use(), SaidWith(invoice_id="in_2")),
        (use(23 * HOUR), SaidWith(invoice_id="in_2")),
        (use(24 * HOUR), ALLOW),
        (use(-HOUR), SaidWith(invoice_id="in_2")),
        (use(channel=Channel.SMS), ALLOW),
        (use(names=()), ALLOW),
        (use(said=None), ALLOW),
        (use(HOUR / 2, sending=True), SaidWith(invoice_id="in_2", sending=True)),
        (use(HOUR, sending=True), ALLOW),
    ],
)
def test_what_was_said_within_a_day_on_the_same_channel_is_not_said_again(other: ContactUse, answer: object) -> None:
    """One whose fate nobody knows is waited for, but not for ever."""
    assert answer == rules().ask([other], NOW)


def test_a_message_that_went_out_counts_before_one_on_its_way() -> None:
    """Nothing has to be waited for."""
    others = [use(HOUR / 2, sending=True, invoice_id="in_3"), use()]

    assert SaidWith(invoice_id="in_2") == rules().ask(others, NOW)


def test_what_is_said_already_needs_no_room() -> None:
    """It is asked before the cap."""
    assert SaidWith(invoice_id="in_2") == rules(caps=caps(1)).ask([use()], NOW)
