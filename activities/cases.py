"""The end of a case, in the ledger."""

from temporalio import activity

from activities.errors import translated
from domain.tasks import Done
from gateways.ports.ledger import Ledger
from gateways.ports.rows import TimelineRow


class CaseActivities:
    """Keeps the ledger's row of the case."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @activity.defn(name="close_case")
    def close_case(self, order: CloseOrder) -> Done:
        """Writes the outcome. The last activity of every case."""
        with translated():
            self._ledger.append(order.invoice_id, order.notes)
            line = TimelineRow(
                at=order.as_of,
                invoice_id=order.invoice_id,
                step=order.step,
                what=f"closed: {order.outcome.value}",
                why=order.why,
            )
            self._ledger.close_case(order.invoice_id, order.outcome, order.remaining, order.as_of, line)
            return Done()
