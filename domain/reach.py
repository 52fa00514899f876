"""Whether what a policy wants to say can be said at all, with the channels that an installation has."""

from collections.abc import Iterator, Mapping

from domain.choice import best_channel
from domain.consent import open_channel
from domain.habits import UNKNOWN
from domain.kinds.call import CallForm
from domain.kinds.message import RemindForm
from domain.policy import Policy
from domain.steps import CHANNEL_NAMES, Channel


def unsaid(policy: Policy, closed: Mapping[Channel, str]) -> list[str]:
    """The policy's messages for which no channel is open, nor any that they fall back to, and its calls where nobody is
    called. closed: channel → why."""
    fallback = policy.contacts.fallback
    order = policy.contacts.order
    named = [(channel or best_channel(order, UNKNOWN, closed), what) for channel, what in _messages(policy)]
    lost = [what for channel, what in named if open_channel(channel, closed, fallback) in closed]
    return lost + (_calls(policy) if Channel.PHONE in closed else [])


def _calls(policy: Policy) -> list[str]:
    return [
        f"the call of day {entry.day}" for entry in policy.timeline for form in entry.do if isinstance(form, CallForm)
    ]


def asks_for_the_best(policy: Policy) -> bool:
    """Whether any of its messages takes the channel that suits the customer."""
    return any(channel is None for channel, _ in _messages(policy))


def wanted(policy: Policy) -> tuple[Channel, ...]:
    """The channels that its messages name, in their order, and where they take the best one those of its order; and the
    telephone, where it has calls."""
    order = policy.contacts.order
    named = [each for channel, _ in _messages(policy) for each in ((channel,) if channel else order)]
    return tuple(dict.fromkeys([*named, *([Channel.PHONE] if _calls(policy) else [])]))


def refusal(policy: Policy, closed: Mapping[Channel, str]) -> str | None:
    """Why no case may follow the policy: not one of its messages could be sent. One sentence."""
    calls = len(_calls(policy)) if Channel.PHONE in closed else 0
    if len(unsaid(policy, closed)) - calls < len([*_messages(policy)]):
        return None
    asked = (channel for channel in wanted(policy) if channel is not Channel.PHONE)
    why = "; ".join(f"{CHANNEL_NAMES[channel]}: {closed[channel]}" for channel in asked)
    return (
        f"No message of policy {policy.name}@{policy.version} could be sent ({why}): set what is missing, or give the "
        "policy a channel that is set up."
    )


def _messages(policy: Policy) -> Iterator[tuple[Channel | None, str]]:
    """Their channels (None: the best), and what they are. Each policy has some: its end has to be announced."""
    for entry in policy.timeline:
        for form in entry.do:
            if isinstance(form, RemindForm):
                yield form.channel, f"the {form.stage} {_name(form.channel)} of day {entry.day}"
    if not policy.sent_invoices:
        asked = policy.contacts.action_request
        yield asked, f"the {_name(asked)} that asks at once (action_request)"


def _name(channel: Channel | None) -> str:
    return CHANNEL_NAMES[channel] if channel else "message on the best channel"
