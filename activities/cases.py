"""The end of a case, in the ledger."""

from temporalio import activity

from activities.errors import translated
from domain.case import CaseStatus
from domain.effects import CloseOrder, Done
from domain.projection import Projection
from domain.record import Entry
from gateways.ports.ledger import Ledger


class CaseActivities:
    """Keeps the ledger's row of the case."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @activity.defn(name="close_case")
    def close_case(self, order: CloseOrder) -> Done:
        """Writes the outcome. The last activity of every case."""
        with translated():
            end = Entry(at=order.as_of, step=order.step, what=f"closed: {order.outcome.value}", why=order.why)
            projection = Projection(
                status=CaseStatus.CLOSED,
                stage="silent",
                remaining=order.remaining,
                why=order.why,
                outcome=order.outcome,
            )
            self._ledger.decided(order.invoice_id, order.as_of, [*order.notes, end], projection, "{}")
            return Done()
