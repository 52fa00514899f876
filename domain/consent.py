"""What a customer's wish not to hear from us on a channel means for the others, and what may wake somebody."""

from domain import events
from domain.steps import Channel

BY_INTRUSION = (Channel.NOTICE, Channel.EMAIL, Channel.SMS)
"""From the one that intrudes least. Who wants no e-mail did not ask for text messages."""
WISHES = frozenset(wish.words for wish in events.WISHES)
"""Why a channel is closed, where it is the customer's own wish."""
UNKNOWN_HOURS = {Channel.SMS: "nobody knows what time it is where the customer is"}
"""Channels that can wake somebody, as they are closed to those of whom nobody knows where they are."""
