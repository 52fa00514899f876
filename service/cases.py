"""Cases as lists show them, and one case as it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from temporalio.client import Client

from domain.base import Frozen
from domain.record import Entry
from gateways.ports.ledger import Ledger
from gateways.ports.rows import CaseRow
from service.running import NoWorker, Refused, RunningCases
from workflows import attributes
from workflows.messages import CaseView

NOT_RUNNING = "not_running"
"""Open in the ledger, but its workflow was terminated or lost, or began a moment ago."""
STATUSES = ("opening", "open", "on_hold", "with_agency", NOT_RUNNING, "closed")


class Listed(Frozen):
    """One line of the list of cases."""

    invoice_id: str
    status: str  # one of STATUSES
    outcome: str | None
    due: str
    decline: str | None
    policy: str
    opened_at: datetime
    next_step_at: datetime | None


@dataclass(frozen=True)
class FromLedger:
    """A case as the ledger alone tells it, and why the case itself does not; "" when that is as it should be."""

    row: CaseRow
    record: list[Entry]
    why: str


class Cases:
    """Lists and reads cases. Raises Refused, ProviderTrouble, or RPCError when Temporal does not answer."""

    def __init__(self, client: Client, ledger: Ledger, running: RunningCases) -> None:
        self._client = client
        self._ledger = ledger
        self._running = running

    async def list(self, status: str | None) -> list[Listed]:
        """The cases with this status, or all."""
        running = await self._next_steps()
        page = self._ledger.cases(status if status in ("opening", "closed") else None, limit=500)
        rows = list(page.rows)
        return [case for row in rows if (case := _listed(row, running)).status == (status or case.status)]

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

    async def _next_steps(self) -> dict[str, tuple[str, datetime | None]]:
        """Status and next step by invoice, of all cases that run."""
        found: dict[str, tuple[str, datetime | None]] = {}
        query = "WorkflowType = 'DunningWorkflow' AND ExecutionStatus = 'Running'"
        async for case in self._client.list_workflows(query):
            known = case.typed_search_attributes
            invoice = case.id.removeprefix("dunning-")
            found[invoice] = (known.get(attributes.STATUS, "open"), known.get(attributes.NEXT_STEP_AT))
        return found


def _listed(row: CaseRow, running: Mapping[str, tuple[str, datetime | None]]) -> Listed:
    """The ledger's row with what Temporal knows of it: invoice → (status, next step)."""
    status, next_step_at = running.get(row.invoice_id, (NOT_RUNNING, None))
    closed = row.status == "closed"
    return Listed(
        invoice_id=row.invoice_id,
        status=row.status if closed or row.status == "opening" else status,
        outcome=row.outcome.value if row.outcome else None,
        due=str(row.remaining),
        decline=row.decline_code,
        policy=row.policy,
        opened_at=row.opened_at,
        next_step_at=None if closed else next_step_at,
    )
