"""What a customer's wish not to hear from us on a channel means for the others, and what may wake somebody."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from domain import events
from domain.steps import TEXTS, Channel

BY_INTRUSION = (
    Channel.NOTICE,
    Channel.EMAIL,
    Channel.LETTER,
    Channel.LINE,
    Channel.WHATSAPP,
    Channel.SMS,
    Channel.PHONE,
)
"""From the one that intrudes least. Who wants no e-mail did not ask for text messages."""
NEEDS_OPT_IN = {Channel.WHATSAPP: "the customer has not agreed to WhatsApp messages"}
"""Channels on which nobody is written to who has not agreed to it before, as they are closed to who has not. WhatsApp's
Business Messaging Policy asks for it."""
WISHES = frozenset(wish.words for wish in events.WISHES)
"""Why a channel is closed, where it is the customer's own wish."""
UNKNOWN_HOURS = dict.fromkeys((*TEXTS, Channel.PHONE), "nobody knows what time it is where the customer is")
"""Channels that can wake somebody, as they are closed to those of whom nobody knows where they are."""


class Source(StrEnum):
    """By which way we learned that a channel is closed, or that the customer wants it."""

    STOP = "stop"  # an answer to a text message, or the refusal of a provider that has obeyed it
    START = "start"  # one word by text message, or who follows the account on LINE
    REPLY = "reply"  # what whoever has the number answered
    LINK = "link"  # the page behind the link of an e-mail, or a mail program's button
    PROVIDER = "provider"  # the message's provider: bounces, complaints, its own unsubscribe
    REPORT = "report"  # the merchant's report of a contact
    OPERATOR = "operator"
    BILLING = "billing"  # the merchant's billing system, as the customer's consent
    UNKNOWN = ""  # from before this was kept


class Purpose(StrEnum):
    """What a customer wants to hear."""

    SERVICE = "service"  # messages of the account, as all of ours are
    AUTOMATED_CALLS = "automated_calls"  # calls that no person makes, about the account: asked for beside `service`
    PROMOTION = "promotion"  # kept as it was said, and good for nothing here


def told_by_provider(channel: Channel, *, wish: bool) -> Source:
    """Who has texted STOP is on Twilio's own list: a text that it refuses for that says no more than STOP did."""
    return Source.STOP if wish and channel in TEXTS else Source.PROVIDER


def together(*closed: Mapping[Channel, str]) -> dict[Channel, str]:
    """What is closed by any of several accounts, each channel → why. The later one's reason stands; but a wish that is
    known stays one, whatever is found out of the address besides."""
    found: dict[Channel, str] = {}
    for account in closed:
        found |= {channel: why for channel, why in account.items() if why in WISHES or found.get(channel) not in WISHES}
    return found


def unasked(agreed: Collection[Channel]) -> dict[Channel, str]:
    """What is closed to somebody who has `agreed` to nothing but these channels, each with why."""
    return {channel: why for channel, why in NEEDS_OPT_IN.items() if channel not in agreed}


def open_channel(
    channel: Channel,
    closed: Mapping[Channel, str],
    fallback: Mapping[Channel, Channel],
    agreed: Collection[Channel] = (),
) -> Channel:
    """The channel itself, or the first open one along the fallbacks; itself as well where none is.

    `closed` has the reasons: a wish not to hear from us on a channel leads to none that intrudes more, unless the
    customer has `agreed` to that one.
    """
    tried, most = [channel], len(BY_INTRUSION)
    while (last := tried[-1]) in closed or (BY_INTRUSION.index(last) > most and last not in agreed):
        if closed.get(last) in WISHES:
            most = min(most, BY_INTRUSION.index(last))
        next_one = fallback.get(last)
        if next_one is None or next_one in tried:
            return channel
        tried.append(next_one)
    return tried[-1]
