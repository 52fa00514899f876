"""Which channel a message takes where the policy says `best`: the customer's own preference, then what they have
answered on, then the policy's order. Within consent: a wish, or silence, leads to nothing that intrudes more, unless
the customer has asked for that.
"""

from collections.abc import Mapping, Sequence

from domain.consent import BY_INTRUSION, WISHES
from domain.habits import Habits
from domain.steps import Channel

PATIENCE = 2
"""So many messages in a row without a sign that they were read, and the channel gives way."""


def best_channel(order: Sequence[Channel], habits: Habits, closed: Mapping[Channel, str]) -> Channel:
    """The channel to take: one that is not `closed` (with why), where any of them is left; else the first wish."""
    wanted = [*dict.fromkeys(channel for channel in (habits.stated, *habits.answered, *order) if channel)]
    left = _left(wanted, habits, closed)
    if not left:
        return wanted[0]
    first = left[0]
    for channel in left:
        is_spent = habits.unanswered.get(channel, 0) >= PATIENCE
        if not is_spent and (intrusion(channel) <= intrusion(first) or channel in habits.asked_for):
            return channel
    return first


def _left(wanted: Sequence[Channel], habits: Habits, closed: Mapping[Channel, str]) -> list[Channel]:
    """Those of the wanted ones that may be used. Behind one that the customer has closed by their own wish none that
    intrudes more, unless they have asked for it."""
    most, left = len(BY_INTRUSION), []
    for channel in wanted:
        if channel in closed:
            most = min(most, intrusion(channel)) if closed[channel] in WISHES else most
        elif intrusion(channel) <= most or channel in habits.asked_for:
            left.append(channel)
    return left


def intrusion(channel: Channel) -> int:
    """How much a channel intrudes, by its place among all of them."""
    return BY_INTRUSION.index(channel)
