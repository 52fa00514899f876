"""What a customer wrote back while a case was open, and what it did: when and where, never the words."""

from datetime import datetime

from domain.base import Frozen
from domain.steps import CHANNEL_NAMES, Channel
from gateways.ports.ledger import Ledger
from gateways.ports.rows import CaseRow

UNREAD = "no word that is understood: read it, it may need an answer"


class Answered(Frozen):
    """One reply. Its text is personal: the ledger has it (`GET /api/customers/{id}`)."""

    at: datetime
    channel: Channel
    did: str  # in words

    def __str__(self) -> str:
        return f"the customer wrote back ({CHANNEL_NAMES[self.channel]}): {self.did}"


def answers_to(ledger: Ledger, case: CaseRow) -> list[Answered]:
    """What the customer wrote since the case opened, oldest first."""
    customer = case.customer_id
    replies = [one for one in ledger.replies(customer) if one.at >= case.opened_at]
    if not replies:
        return []
    did = {one.event_id: "START: wants messages here again" for one in ledger.opt_ins(customer)}
    closures = ledger.closures_told(customer)
    did |= {one.event_id: _closed(one.wish) for one in closures}
    calls = {one.event_id for one in closures if one.channel is Channel.PHONE and one.wish}
    for reply in replies:
        if no_calls_id(reply.event_id) in calls:
            stop = did.get(reply.event_id)
            did[reply.event_id] = f"{stop}, and no more calls" if stop else "no more calls; messages go on"
    return [Answered(at=one.at, channel=one.channel, did=did.get(one.event_id, UNREAD)) for one in replies]


def no_calls_id(event_id: str) -> str:
    """The id of an answer, where it closes the telephone: by it a case tells what it has heard of each channel."""
    return f"{event_id}:{Channel.PHONE}"


def _closed(wish: bool) -> str:
    return "STOP: no more messages here" if wish else "a wrong number: closed to everybody"
