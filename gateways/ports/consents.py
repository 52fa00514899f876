"""What customers want, beside what they do not want (closures): kept for whoever has to show it."""

from datetime import datetime
from typing import Protocol

from domain.base import Frozen
from domain.consent import Source
from domain.steps import Channel
from gateways.ports.rows import Closure


class OptIn(Frozen):
    """The customer wants to be contacted on the channel."""

    customer_id: str
    channel: Channel
    event_id: str
    source: Source
    proof: str = ""  # how the one who told us knows
    at: datetime


class ConsentBook(Protocol):
    """What each customer has said, for ever."""

    def opted_in(self, opt_in: OptIn) -> None:
        """Once per customer, event id and channel. It opens nothing by itself."""

    def opt_ins(self, customer_id: str) -> list[OptIn]:
        """Oldest first."""

    def closures_told(self, customer_id: str) -> list[Closure]:
        """All that ever closed a channel to this customer, also those that hold no more; oldest first."""

    def opt_outs(self, customer_id: str) -> list[Closure]:
        """The customer's own wishes, also those that hold no more; oldest first."""
