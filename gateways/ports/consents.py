"""What customers want, beside what they do not want (closures): kept for whoever has to show it."""

from datetime import datetime
from typing import Protocol

from domain.addresses import address_key
from domain.base import Frozen
from domain.consent import Purpose, Source
from domain.rules.local_law import LocalLaw
from domain.steps import Channel
from gateways.ports.rows import Closure

NO_CONSENT = "the customer has not agreed to automated calls"
OTHER_NUMBER = "the customer has agreed to automated calls at another number"


class OptIn(Frozen):
    """The customer wants to be contacted on the channel."""

    customer_id: str
    channel: Channel
    event_id: str
    source: Source
    proof: str = ""  # how the one who told us knows
    at: datetime
    purpose: Purpose = Purpose.SERVICE
    address: str | None = None  # AUTOMATED_CALLS: the number it is for, as it is compared; None: the first one called


class ConsentBook(Protocol):
    """What each customer has said, for ever."""

    def opted_in(self, opt_in: OptIn) -> None:
        """Once per customer, event id and channel. It opens nothing by itself."""

    def anybody_agreed(self, purpose: Purpose) -> bool:
        """Whether anybody has ever opted in to it."""

    def opt_ins(self, customer_id: str) -> list[OptIn]:
        """Oldest first."""

    def closures_told(self, customer_id: str) -> list[Closure]:
        """All that ever closed a channel to this customer, also those that hold no more; oldest first."""

    def opt_outs(self, customer_id: str) -> list[Closure]:
        """The customer's own wishes, also those that hold no more; oldest first."""


def why_not_automatic(book: ConsentBook, customer_id: str, number: str) -> str | None:
    """Why nobody but a person may call the customer at this number; None: they have agreed, and have wanted no end of
    calls since. Who has another number has agreed for that one: somebody else may have this one."""
    given = [
        one
        for one in book.opt_ins(customer_id)
        if one.channel is Channel.PHONE and one.purpose is Purpose.AUTOMATED_CALLS
    ]
    if not given:
        return NO_CONSENT
    newest = max(given, key=lambda one: one.at)
    if any(one.channel is Channel.PHONE and one.at >= newest.at for one in book.opt_outs(customer_id)):
        return NO_CONSENT
    return None if newest.address in (None, address_key(number)) else OTHER_NUMBER


def opted_in(law: LocalLaw, book: ConsentBook, customer_id: str) -> frozenset[Channel]:
    """Where the customer has opted in to messages of the account; read only where the law of the place asks for it.
    What was taken back is closed, and a closed channel is asked first."""
    said = book.opt_ins(customer_id) if law.wants_opt_ins else ()
    return frozenset(one.channel for one in said if one.purpose is Purpose.SERVICE)
