"""How a customer likes to be reached, and how a policy asks for that."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from domain.base import Message
from domain.steps import WRITTEN, Channel

BEST = "best"
"""What a policy writes for it."""


def _read(value: Any) -> Any:
    if value is None:
        raise ValueError(f"name a channel, or {BEST}")
    return None if value == BEST else _written(value)


def _written(value: Any) -> Any:
    if value == Channel.PHONE:
        raise ValueError("nothing is written by phone; a policy has the step `call`")
    if value not in WRITTEN:
        expected = ", ".join(f"'{channel}'" for channel in WRITTEN)
        raise PydanticCustomError("enum", "Input should be {expected}", {"expected": expected})
    return value


Written = Annotated[Channel, BeforeValidator(_written)]
"""A channel of messages."""


ChannelWish = Annotated[
    Channel | None,
    BeforeValidator(_read),
    PlainSerializer(lambda channel: channel.value if channel else BEST, return_type=str),
]
"""A channel by name; None, written `best`: the one that suits the customer."""


class Habits(Message):
    """What is known of how a customer likes to be reached."""

    stated: Channel | None = None  # as they said
    answered: tuple[Channel, ...] = ()  # what they have written to us on, the newest first
    agreed: frozenset[Channel] = frozenset()  # the channels to which they have opted in
    unanswered: dict[Channel, int] = Field(default_factory=dict)  # our messages since they last showed a sign there

    @property
    def asked_for(self) -> frozenset[Channel]:
        """Channels of which they have said that they want them."""
        return self.agreed | {self.stated} if self.stated else self.agreed


UNKNOWN = Habits()
