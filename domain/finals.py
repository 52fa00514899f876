"""The final notice of a case as another one's message may give it: on the same day, on the same channel."""

from typing import TYPE_CHECKING

from domain.kinds.message import MessageStep
from domain.steps import Channel, Stage
from domain.truth import MessageFacts, message_facts

if TYPE_CHECKING:
    from domain.situation import Situation


def final_today(now: "Situation", channel: Channel) -> MessageFacts | None:
    """What the case's final notice says that goes out on this channel today; None when none does."""
    if now.end or now.case.handoff or now.case.holds:
        return None
    for slot in now.schedule.warnings:
        if slot.key in now.case.steps:
            continue
        step = now.step_at(slot)
        on_it = isinstance(step, MessageStep) and step.channel is channel
        if on_it and now.refusal(step) is None and now.schedule.date(step.due) <= now.today:
            return message_facts(now, Stage.FINAL)
    return None
