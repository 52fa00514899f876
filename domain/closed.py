"""What a customer may be told when a case is over, and which of it a policy wants told, on which channel."""

from enum import StrEnum
from typing import Annotated

from domain.base import Frozen
from domain.forms import one_of
from domain.steps import WRITTEN, Channel


class Closed(StrEnum):
    """What one closing message says."""

    PAID = "paid"  # the money is in; that the access is back, it says as well
    SETTLED = "settled"  # for less than was due, as agreed
    CANCELLED = "cancelled"  # the merchant voided the invoice, or credited all of it: nothing is owed for it
    ENDED = "ended"  # the subscription was cancelled, and what became of the debt
    GIVEN_UP = "given_up"  # the debt was written off, or an agency has it
    ACCESS_BACK = "access_back"  # nothing was paid, and the access is full again

    @property
    def in_words(self) -> str:
        return self.value.replace("_", " ")


NOTHING_OWED = frozenset({Closed.CANCELLED, Closed.ACCESS_BACK})
"""Those that name no sum: nothing was paid, and nothing is asked for."""

ClosingChannel = Annotated[Channel, one_of([channel for channel in WRITTEN if channel is not Channel.LETTER])]
"""On paper it would come when it is old."""


class Closings(Frozen):
    """Which closing messages a policy has, each with its channel. None: it is off."""

    paid: ClosingChannel | None = None
    settled: ClosingChannel | None = None
    cancelled: ClosingChannel | None = None
    ended: ClosingChannel | None = None
    given_up: ClosingChannel | None = None
    access_back: ClosingChannel | None = None
    unasked: bool = False  # also to customers who got no message of the case

    @property
    def on(self) -> bool:
        """Whether it has any."""
        return any(self.channel(closed) for closed in Closed)

    def channel(self, closed: Closed) -> Channel | None:
        wanted: Channel | None = getattr(self, closed.value)
        return wanted
