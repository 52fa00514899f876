"""What a customer wrote back while a case was open, and what it did: when and where, never the words."""

from datetime import datetime

from domain.base import Frozen
from domain.steps import CHANNEL_NAMES, Channel
from gateways.ports.ledger import Ledger
from gateways.ports.rows import CaseRow


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
    did |= {one.event_id: _closed(one.wish) for one in ledger.closures_told(customer)}
    unread = "no word that is understood: read it, it may need an answer"
    return [Answered(at=one.at, channel=one.channel, did=did.get(one.event_id, unread)) for one in replies]


def _closed(wish: bool) -> str:
    return "STOP: no more messages here" if wish else "a wrong number: closed to everybody"
