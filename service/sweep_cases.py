"""One open case, held against the payment provider's invoice and against its workflow."""

from collections.abc import Callable
from datetime import datetime

from pydantic import ValidationError
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from domain.case import Case, CaseStatus, Closing
from domain.ids import workflow_id
from domain.invoice import InvoiceState
from domain.outgoing import CaseClosed
from domain.policy import Policy
from domain.projection import Projection
from domain.record import Entry
from domain.retries import two_owners
from domain.sweep import SWEEP, Mend, Tally, is_late, missed, occasion
from gateways.ports.ledger import Ledger
from gateways.ports.payments import InvoiceSnapshot, Payments
from gateways.ports.rows import CaseRow
from gateways.ports.trouble import ABOUT_ONE, NotFound
from gateways.provider_facts import InvoiceAltered, PaymentSucceeded
from gateways.stripe_events import PROVIDER
from service.feed import FAILURES, Line, take_read
from service.intake import Intake
from service.opening import Failure, Taken
from service.starting import CaseStarter
from service.threads import Threads
from workflows.dunning import DunningWorkflow
from workflows.messages import CaseResult

_RUNS = frozenset({WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW})


class CaseCheck:
    """Mends what it finds. Raises as `Sweeping` does."""

    def __init__(
        self,
        client: Client,
        starter: CaseStarter,
        ledger: Ledger,
        payments: Payments,
        intake: Intake,
        threads: Threads,
        clock: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._starter = starter
        self._ledger = ledger
        self._payments = payments
        self._intake = intake
        self._threads = threads
        self._clock = clock

    async def check(self, invoice_id: str, state: str) -> Tally:
        """`state`: the case as JSON, as the ledger has it."""
        row = await self._threads.run(self._ledger.case, invoice_id)
        if row is None or row.status == "closed":
            return Tally()
        if row.status == "opening":
            return await self._open(invoice_id)
        try:
            case = Case.model_validate_json(state)
        except ValidationError:
            return Tally(refused=1)
        handle = self._client.get_workflow_handle_for(DunningWorkflow.run, workflow_id(invoice_id))
        status = await _status(handle)
        if status is WorkflowExecutionStatus.COMPLETED:
            return await self._close(case, await handle.result())
        if status is not None and status not in _RUNS:
            return Tally(stopped=(invoice_id,), stopped_in_all=1)
        started = status is None and await self._start(case)
        told = await self._tell(case, row)
        return told.plus(Tally(mended={Mend.RESTARTED: 1})) if started else told

    async def _open(self, invoice_id: str) -> Tally:
        """Its opening stopped between ledger and workflow."""
        failure = Failure(invoice_id=invoice_id, heard_at=self._clock())
        line = await take_read(self._intake, failure, Line(line=0, result="", invoice_id=invoice_id))
        if line.result == Taken.OPENED.value:
            await self._record(invoice_id, "found by the sweep", "its opening had stopped half-way", "half-open")
            return Tally(mended={Mend.OPENED: 1})
        return Tally(refused=1) if line.result in FAILURES else Tally()

    async def _close(self, case: Case, result: CaseResult) -> Tally:
        """The workflow has ended: what it ended as goes into the ledger, unless that happened meanwhile."""
        invoice_id = case.facts.invoice_id
        row = await self._threads.run(self._ledger.case, invoice_id)
        if row is None or row.status == "closed":
            return Tally()
        over = case.but(
            closed=True,
            closing=Closing(outcome=result.outcome, why=result.why, at=result.closed_at),
            due=result.remaining,
        )
        shown = Projection(
            status=CaseStatus.CLOSED,
            stage=row.stage,
            remaining=result.remaining,
            decline_code=row.decline_code,
            decline_class=row.decline_class,
            access=row.access,
            why=result.why,
            outcome=result.outcome,
            refund_due=row.refund_due,
        )
        why = f"its workflow had ended as {result.outcome.value}, and the ledger had it as open"
        entry = Entry(
            at=self._clock(), step=SWEEP, what="closed by the sweep", why=why, event=CaseClosed(outcome=result.outcome)
        )
        # Of the moment of the end, unless the ledger heard of something later.
        at = max(result.closed_at, row.decided_at or result.closed_at)
        await self._threads.run(self._ledger.decided, invoice_id, at, [entry], shown, over.model_dump_json())
        return Tally(mended={Mend.CLOSED: 1})

    async def _start(self, case: Case) -> bool:
        """As after the loss of Temporal's database. Whether there was none."""
        try:
            policy = Policy.stored(await self._threads.run(self._ledger.policy, case.policy.digest))
        except NotFound:
            return False
        started = await self._starter.start(case, policy)
        if started:
            at = f"{self._clock():%Y-%m-%d}"
            why = "Temporal had no workflow of it"
            await self._record(case.facts.invoice_id, "started anew by the sweep", why, at)
        return started

    async def _tell(self, case: Case, row: CaseRow) -> Tally:
        """What the provider has, where the case believes something else; and one that slept through its next step."""
        invoice_id = case.facts.invoice_id
        try:
            invoice = await self._threads.run(self._payments.read_invoice, invoice_id)
        except ABOUT_ONE:
            return Tally(refused=1)
        both = Tally(two_owners=1 if two_owners(case.retry_owner, invoice.now.next_try_at) else 0)
        now = self._clock()
        wrong = missed(case, invoice.now)
        if not wrong and not is_late(row.next_at, now):
            return both
        fact = _fact(invoice, occasion(invoice.now, now), now)
        line = await take_read(self._intake, fact, Line(line=0, result="", invoice_id=invoice_id))
        if line.result != Taken.PASSED_ON.value:
            return both.plus(Tally(refused=1)) if line.result in FAILURES else both
        why = f"the invoice is {invoice.state.value}, {invoice.remaining} due" if wrong else "its next step was overdue"
        await self._record(invoice_id, "told by the sweep", why, fact.event_id)
        return both.plus(Tally(mended={Mend.TOLD: 1}))

    async def _record(self, invoice_id: str, what: str, why: str, occasion: str) -> None:
        entry = Entry(at=self._clock(), step=SWEEP, what=what, why=why)
        await self._threads.run(self._ledger.record_effect, invoice_id, entry, occasion)


def _fact(invoice: InvoiceSnapshot, event_id: str, at: datetime) -> PaymentSucceeded | InvoiceAltered:
    said = {
        "provider": PROVIDER,
        "event_id": f"{event_id}-{invoice.id}",
        "event_type": SWEEP,
        "at": at,
        "invoice_id": invoice.id,
        "invoice": invoice,
    }
    if invoice.state is InvoiceState.PAID:
        return PaymentSucceeded.model_validate(said)
    # Read once more when it is told: more may be due than the case believes.
    return InvoiceAltered.model_validate(said | {"invoice": None})


async def _status(handle: "WorkflowHandle[DunningWorkflow, CaseResult]") -> WorkflowExecutionStatus | None:
    """None: Temporal knows no workflow of it."""
    try:
        return (await handle.describe()).status
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None
