"""How a customer likes to be reached, by what the ledger has of them."""

from datetime import datetime, timedelta

from domain.addresses import FIELDS, NONE_KNOWN
from domain.events import ContactResult
from domain.habits import Habits
from domain.steps import Channel
from gateways.ports.directory import ContactMade
from gateways.ports.ledger import Ledger
from gateways.ports.rows import MADE, Reply

_REMEMBERED = timedelta(days=180)
"""How far back messages and answers tell of habits."""


def habits_of(ledger: Ledger, customer_id: str, at: datetime) -> Habits:
    """Raises ProviderTrouble when the ledger does not answer."""
    customer, since = ledger.customer(customer_id), at - _REMEMBERED
    replies = [reply for reply in ledger.replies(customer_id) if reply.at >= since]
    made = [contact for contact in ledger.contacts_with(customer_id, since) if contact.state in MADE]
    newest = reversed([reply.channel for reply in replies])
    return Habits(
        stated=customer.preferred_channel if customer else None,
        answered=tuple(dict.fromkeys(newest)),
        agreed=frozenset(one.channel for one in ledger.opt_ins(customer_id)),
        unanswered={channel: count for channel in Channel if (count := _unanswered(channel, made, replies))},
    )


def unaddressed(ledger: Ledger, customer_id: str) -> dict[Channel, str]:
    """The channels on which the customer has no address, each with why nothing can be sent there."""
    customer = ledger.customer(customer_id)
    return {
        channel: NONE_KNOWN[field] for channel, field in FIELDS.items() if not customer or not getattr(customer, field)
    }


def _unanswered(channel: Channel, made: list[ContactMade], replies: list[Reply]) -> int:
    """How many messages there have been on a channel since the customer last read or wrote one there."""
    wrote = max((reply.at for reply in replies if reply.channel is channel), default=None)
    count = 0
    for contact in (each for each in made if each.channel is channel):
        read = contact.delivery == ContactResult.READ.value
        count = 0 if read or (wrote and contact.at <= wrote) else count + 1
    return count
