"""The best channel: preference, habit and order, within consent."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.choice import PATIENCE, best_channel, intrusion
from domain.consent import WISHES
from domain.habits import UNKNOWN, Habits
from domain.policy import Policy
from domain.reach import asks_for_the_best, refusal, unsaid
from domain.steps import Channel
from tests.domain.builders import STANDARD

EMAIL, SMS, NOTICE, WHATSAPP, LINE = Channel.EMAIL, Channel.SMS, Channel.NOTICE, Channel.WHATSAPP, Channel.LINE
ORDER = (EMAIL, LINE, SMS)
WISH = sorted(WISHES)[0]
DEAD = "the address bounced"

channels = st.sampled_from(list(Channel))
orders = st.lists(channels, min_size=1, unique=True).map(tuple)
habits = st.builds(
    Habits,
    stated=st.none() | channels,
    answered=st.lists(channels, unique=True).map(tuple),
    agreed=st.frozensets(channels),
    unanswered=st.dictionaries(channels, st.integers(0, 5)),
)
closures = st.dictionaries(channels, st.sampled_from([WISH, DEAD]))


@pytest.mark.parametrize(
    ("known", "closed", "chosen"),
    [
        (UNKNOWN, {}, EMAIL),
        (Habits(stated=SMS, answered=(LINE,)), {}, SMS),
        (Habits(answered=(LINE, SMS)), {}, LINE),
        (Habits(stated=WHATSAPP), {WHATSAPP: DEAD}, EMAIL),
        (UNKNOWN, {EMAIL: DEAD}, LINE),
        (UNKNOWN, {EMAIL: WISH}, EMAIL),  # R38: nothing is left, and the gate says why
        (Habits(agreed=frozenset({SMS})), {EMAIL: WISH}, SMS),
        (Habits(unanswered={EMAIL: PATIENCE}), {}, EMAIL),  # silence asks for nothing that intrudes more
        (Habits(unanswered={EMAIL: PATIENCE}, agreed=frozenset({LINE})), {}, LINE),
        (Habits(answered=(LINE,), unanswered={LINE: PATIENCE}), {}, EMAIL),
        (Habits(answered=(LINE,), unanswered={LINE: PATIENCE - 1}), {}, LINE),
        (Habits(unanswered=dict.fromkeys(Channel, PATIENCE)), {}, EMAIL),
    ],
)
def test_who_likes_what(known: Habits, closed: Mapping[Channel, str], chosen: Channel) -> None:
    assert chosen is best_channel(ORDER, known, closed)


@given(orders, habits, closures)
def test_a_closed_channel_is_chosen_only_where_none_may_be_used(
    order: tuple[Channel, ...], known: Habits, closed: dict[Channel, str]
) -> None:
    chosen = best_channel(order, known, closed)

    wanted = [each for each in (known.stated, *known.answered, *order) if each]
    assert chosen in wanted
    if chosen in closed:
        wishes = [intrusion(each) for each in wanted if closed.get(each) in WISHES]
        free = [each for each in wanted if each not in closed]
        assert all(intrusion(each) > min(wishes) and each not in known.asked_for for each in free)


@given(orders, habits, closures)
def test_neither_a_wish_nor_silence_leads_to_what_intrudes_more_without_consent(
    order: tuple[Channel, ...], known: Habits, closed: dict[Channel, str]
) -> None:
    chosen = best_channel(order, known, closed)
    patient = known.but(unanswered={})
    first = best_channel(order, patient, closed)
    wanted = [*dict.fromkeys(each for each in (known.stated, *known.answered, *order) if each)]
    before = wanted[: wanted.index(chosen)]

    if chosen not in known.asked_for and chosen not in closed:
        assert intrusion(chosen) <= intrusion(first)
        assert all(intrusion(chosen) <= intrusion(each) for each in before if closed.get(each) in WISHES)


@given(orders, habits, closures)
def test_it_is_the_same_whenever_it_is_asked(
    order: tuple[Channel, ...], known: Habits, closed: dict[Channel, str]
) -> None:
    assert best_channel(order, known, closed) is best_channel(order, known, dict(reversed(closed.items())))


def asking(**contacts: object) -> Policy:
    body = STANDARD.model_dump(mode="json")
    for entry in body["timeline"]:
        talks = [form for form in entry["do"] if isinstance(form, dict) and "remind" in form]
        for extra in talks[1:]:
            entry["do"].remove(extra)
        for form in talks[:1]:
            form["remind"]["channel"] = "best"
    body["contacts"] |= contacts
    return Policy.model_validate(body)


def test_a_policy_may_ask_for_the_best_and_is_read_back_as_it_was_written() -> None:
    policy = asking(action_request="best", order=["line", "email"])

    assert asks_for_the_best(policy)
    assert not asks_for_the_best(STANDARD)
    assert policy == Policy.stored(policy.model_dump_json())
    assert '"best"' in policy.model_dump_json()


def test_what_is_said_on_the_best_channel_is_unsaid_where_all_of_the_order_are_closed() -> None:
    policy = asking(action_request="best", order=["line", "whatsapp"], fallback={})

    assert [] == unsaid(policy, {LINE: "not set up"})
    assert unsaid(policy, {LINE: "not set up", WHATSAPP: "not set up"})
    assert "LINE message: not set up" in (refusal(policy, dict.fromkeys(Channel, "not set up")) or "")


@pytest.mark.parametrize(
    ("contacts", "said"),
    [({"order": ["sms", "sms"]}, "twice"), ({"order": []}, "at least 1"), ({"order": ["best"]}, "email")],
)
def test_an_order_that_is_none_is_refused(contacts: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        asking(**contacts)
