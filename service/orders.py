"""An operator's order for one case: asked about against policy and rules, then given."""

from domain import events, life
from domain.gates import Refuse
from domain.order_rules import RULED, ask_rules
from service.requests import Refused
from service.running import RunningCases
from service.standings import Standings
from workflows.messages import CaseView


class Orders:
    """Raises Refused; NoWorker or RPCError when there is no answer."""

    def __init__(self, running: RunningCases, standings: Standings) -> None:
        self._running = running
        self._standings = standings

    async def give(self, invoice: str, name: str, order: events.Order, once: str | None = None) -> CaseView:
        """Gives an order, by its name in `domain/telling.py`, and returns the case after it.

        once: an id of this order. Given again with it, it is the same order, and has the same answer.
        """
        now = self._standings.of(self._running.named(invoice)) if isinstance(order, RULED) else None
        # What the case itself refuses it says itself: it knows better than the ledger how it stands.
        if now and life.refused(now.case, name, order, now.at) is None:
            answer = ask_rules(now, name, order)
            if isinstance(answer, Refuse):
                raise Refused(answer.why)
        return await self._running.order(invoice, name, order, once)
