"""Whether what a policy wants to say can be said at all, with the channels that an installation has."""

from collections.abc import Iterator, Mapping

from domain.consent import open_channel
from domain.kinds.message import RemindForm
from domain.policy import Policy
from domain.steps import CHANNEL_NAMES, Channel


def unsaid(policy: Policy, closed: Mapping[Channel, str]) -> list[str]:
    """The policy's messages for which no channel is open, nor any that they fall back to. closed: channel → why."""
    fallback = policy.contacts.fallback
    return [what for channel, what in _messages(policy) if open_channel(channel, closed, fallback) in closed]


def refusal(policy: Policy, closed: Mapping[Channel, str]) -> str | None:
    """Why no case may follow the policy: not one of its messages could be sent. One sentence."""
    if len(unsaid(policy, closed)) < len([*_messages(policy)]):
        return None
    wanted = dict.fromkeys(channel for channel, _ in _messages(policy))
    why = "; ".join(f"{CHANNEL_NAMES[channel]}: {closed[channel]}" for channel in wanted)
    return (
        f"No message of policy {policy.name}@{policy.version} could be sent ({why}): set what is missing, or give the "
        "policy a channel that is set up."
    )


def _messages(policy: Policy) -> Iterator[tuple[Channel, str]]:
    """Their channels, and what they are. Each policy has some: its end has to be announced."""
    for entry in policy.timeline:
        for form in entry.do:
            if isinstance(form, RemindForm):
                yield form.channel, f"the {form.stage} {CHANNEL_NAMES[form.channel]} of day {entry.day}"
    if not policy.sent_invoices:
        asked = policy.contacts.action_request
        yield asked, f"the {CHANNEL_NAMES[asked]} that asks at once (action_request)"
