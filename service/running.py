"""What can be asked of a case that runs, and the one sentence that says why it cannot be done."""

from datetime import UTC, timedelta

from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from domain.base import Message
from domain.ids import workflow_id
from gateways.ports.ledger import Ledger
from service.naming import invoice_named, no_case
from service.requests import Overtaken, Refused, Unavailable
from workflows.dunning import DunningWorkflow
from workflows.messages import OVERTAKEN, CaseResult, CaseView

# A case that slept for weeks is replayed first, in well under a second.
_ANSWER_WITHIN = timedelta(seconds=5)
_NO_WORKER = frozenset({RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED, RPCStatusCode.FAILED_PRECONDITION})


class NoWorker(Unavailable):
    """Temporal has the case, but nobody runs it at the moment. What was asked may still be done."""


class Ended(Refused):
    """The case is over."""


class RunningCases:
    """Orders, facts and questions for cases. Raises Refused; NoWorker or RPCError when there is no answer."""

    def __init__(self, client: Client, ledger: Ledger, *, answer_within: timedelta = _ANSWER_WITHIN) -> None:
        self._client = client
        self._ledger = ledger
        self._answer_within = answer_within

    def named(self, invoice: str) -> str:
        """The id of the invoice that is meant (`invoice_named`)."""
        return invoice_named(self._ledger, invoice)

    async def order(self, invoice: str, name: str, order: Message, once: str | None = None) -> CaseView:
        """Gives an order, by its name in `domain/telling.py`, and returns the case after it.

        once: an id of this order. Given again with it, it is the same order, and has the same answer.
        """
        invoice_id = self.named(invoice)
        try:
            view = await self._handle(invoice_id).execute_update(
                name, order, id=once, result_type=CaseView, rpc_timeout=self._answer_within
            )
        except WorkflowUpdateFailedError as error:
            raise _refusal(error) from None
        except (RPCError, RPCTimeoutOrCancelledError) as error:
            # Temporal may keep the order for the next worker.
            raise self._explained(error, invoice_id, "see with python starter.py show if it got the order") from None
        return CaseView.model_validate(view)

    async def tell(self, invoice_id: str, signal: str, fact: Message) -> None:
        """Tells a case a fact."""
        try:
            await self._handle(invoice_id).signal(signal, fact)
        except RPCError as error:
            raise self._explained(error, invoice_id, "report it again") from None

    async def view(self, invoice_id: str) -> CaseView:
        """The case as it stands. Raises NoWorker when only the ledger can tell."""
        try:
            return await self._handle(invoice_id).query(DunningWorkflow.status, rpc_timeout=self._answer_within)
        except WorkflowQueryFailedError:
            raise NoWorker(f"The worker cannot answer for invoice {invoice_id}: see its log.") from None
        except RPCError as error:
            raise self._explained(error, invoice_id, "ask again") from None

    async def in_hand(self, invoice_id: str) -> list[str]:
        """The case's steps that are tried again at this moment, each with what stands in its way."""
        try:
            described = await self._handle(invoice_id).describe(rpc_timeout=self._answer_within)
        except RPCError as error:
            raise self._explained(error, invoice_id, "ask again") from None
        pending = described.raw_description.pending_activities
        return [_tried_again(one) for one in pending if one.HasField("last_failure")]

    def _handle(self, invoice_id: str) -> "WorkflowHandle[DunningWorkflow, CaseResult]":
        return self._client.get_workflow_handle_for(DunningWorkflow.run, workflow_id(invoice_id))

    def _explained(self, error: Exception, invoice_id: str, again: str) -> Exception:
        status = error.status if isinstance(error, RPCError) else RPCStatusCode.DEADLINE_EXCEEDED
        if status is RPCStatusCode.NOT_FOUND:
            return self._why_none(invoice_id)
        if status in _NO_WORKER:
            return NoWorker(f"No worker answers for invoice {invoice_id}: start one (python worker.py) and {again}.")
        return error

    def _why_none(self, invoice_id: str) -> Refused:
        case = self._ledger.case(invoice_id)
        if case is None:
            return no_case(invoice_id)
        if case.status == "closed":
            outcome = case.outcome.value if case.outcome else "unknown"
            return Ended(f"The case of invoice {invoice_id} has ended ({outcome}): nothing can be ordered any more.")
        if case.status == "opening":
            return Refused(
                f"The case of invoice {invoice_id} is half opened: give its event to python starter.py start again."
            )
        return Refused(
            f"The workflow of invoice {invoice_id} was terminated in Temporal: nothing acts on its case any more."
        )


def _tried_again(pending: PendingActivityInfo) -> str:
    next_try = pending.next_attempt_schedule_time.ToDatetime(tzinfo=UTC)
    waits = pending.HasField("next_attempt_schedule_time")
    when = f"again at {next_try:%Y-%m-%d %H:%M}" if waits else "now once more"
    tried = pending.attempt - 1
    return (
        f"{pending.activity_type.name.replace('_', ' ')}: {pending.last_failure.message} "
        f"Tried {tried} {'time' if tried == 1 else 'times'}, {when}."
    )


def _refusal(error: WorkflowUpdateFailedError) -> Refused:
    cause = error.cause
    if not isinstance(cause, ApplicationError):
        return Refused("The case ended before the order reached it.")
    return Overtaken(cause.message) if cause.type == OVERTAKEN else Refused(cause.message)
