"""One case as it stands: its workflow tells it, else the ledger."""

from dataclasses import dataclass

from domain.record import Entry
from gateways.ports.ledger import Ledger
from gateways.ports.rows import CaseRow
from service.running import NoWorker, Refused, RunningCases
from workflows.messages import CaseView


@dataclass(frozen=True)
class FromLedger:
    """A case as the ledger alone tells it, and why the case itself does not; "" when that is as it should be."""

    row: CaseRow
    record: list[Entry]
    why: str


class CaseReader:
    """Reads one case. Raises Refused, ProviderTrouble, or RPCError when Temporal does not answer."""

    def __init__(self, running: RunningCases, ledger: Ledger) -> None:
        self._running = running
        self._ledger = ledger

    async def view(self, invoice_id: str) -> CaseView:
        """The case as its workflow tells it."""
        return await self._running.view(invoice_id)

    async def read(self, invoice_id: str) -> CaseView | FromLedger:
        """The case as its workflow tells it, else as the ledger does. Raises Refused when neither knows it."""
        try:
            return await self._running.view(invoice_id)
        except Refused as error:
            row = self._ledger.case(invoice_id)
            if row is None:
                raise
            expected = row.status == "closed" and not isinstance(error, NoWorker)
            return FromLedger(row, self._ledger.record(invoice_id), "" if expected else str(error))
