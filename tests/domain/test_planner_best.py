"""A policy that leaves the channel to the customer's habits, lived through."""

from domain import life
from domain.case import Circumstances
from domain.consent import NEEDS_OPT_IN
from domain.events import ContactResult
from domain.habits import Habits
from domain.kinds.message import MessageStep
from domain.situation import Situation
from domain.steps import Channel
from tests.domain.builders import a_case, at, effect_of
from tests.domain.test_choice import asking

CHATTY = asking(action_request="best", order=["line", "whatsapp", "email"], fallback={})
FRIENDLY = "d03-remind-best-friendly"


def step_of(circumstances: Circumstances, when: str = "04-04 10:30") -> MessageStep:
    """The friendly message as it stands at a moment."""
    now = Situation(a_case(), CHATTY, circumstances, at(when))
    found = next(step for step in now.steps if step.key == FRIENDLY)
    assert isinstance(found, MessageStep)
    return found


def test_the_step_takes_the_channel_that_is_best_at_that_moment() -> None:
    assert Channel.LINE is step_of(Circumstances()).channel
    assert Channel.EMAIL is step_of(Circumstances(habits=Habits(stated=Channel.EMAIL))).channel
    unagreed = {Channel.LINE: "no LINE user id is known", **NEEDS_OPT_IN}
    assert Channel.EMAIL is step_of(Circumstances(closed_channels=unagreed)).channel


def test_who_blocked_the_chat_is_written_to_where_it_intrudes_less() -> None:
    """WhatsApp intrudes more than LINE: it stands before e-mail in the order, and is left out (R38)."""
    blocked = {Channel.LINE: ContactResult.OPTED_OUT.words}

    assert Channel.EMAIL is step_of(Circumstances(closed_channels=blocked)).channel
    agreed = Habits(agreed=frozenset({Channel.WHATSAPP}))
    assert Channel.WHATSAPP is step_of(Circumstances(closed_channels=blocked, habits=agreed)).channel


def test_a_message_that_was_begun_is_not_begun_on_another_channel() -> None:
    """It may have gone out there: habits that change meanwhile do not make a second one of it."""
    effect = effect_of(a_case(), step_of(Circumstances()), at("04-04 10:30"))
    lost = life.unanswered(a_case(), effect, at("04-04 10:40"), "LINE cannot be reached")
    answered = Circumstances(habits=Habits(answered=(Channel.EMAIL,)))

    again = next(step for step in Situation(lost, CHATTY, answered, at("04-04 10:50")).steps if step.key == FRIENDLY)

    assert isinstance(again, MessageStep)
    assert Channel.LINE is again.channel
