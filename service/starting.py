"""How a case's workflow is started: with its search attributes and what the Temporal UI shows of it."""

from collections.abc import Callable
from datetime import datetime

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain import life
from domain.case import Case, Circumstances
from domain.closing_messages import ClosingTask
from domain.ids import closing_id, workflow_id
from domain.policy import Policy
from domain.reasons import cause
from service.customers import public_holidays
from workflows import attributes
from workflows.closing import ClosingWorkflow
from workflows.dunning import DunningWorkflow
from workflows.messages import CaseStart

_ONCE_MORE = WorkflowIDReusePolicy.ALLOW_DUPLICATE


class CaseStarter:
    """Starts workflows of cases. Raises RPCError when Temporal does not answer."""

    def __init__(self, client: Client, task_queue: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._task_queue = task_queue
        self._clock = clock

    async def start(self, case: Case, policy: Policy, *, once_more: bool = False) -> bool:
        """Starts the case's workflow; False when there is one, or was, except `once_more`: then it may have ended. No
        time-out: it waits for signals, and skipped time would run into one."""
        facts = case.facts
        circumstances = Circumstances(holidays=public_holidays(facts.country, facts.opened_at.date()))
        searchable = life.decide(case, policy, circumstances, self._clock()).decided.searchable
        try:
            await self._client.start_workflow(
                DunningWorkflow.run,
                CaseStart(case=case, searchable=searchable),
                id=workflow_id(facts.invoice_id),
                task_queue=self._task_queue,
                id_reuse_policy=_ONCE_MORE if once_more else WorkflowIDReusePolicy.REJECT_DUPLICATE,
                search_attributes=attributes.initial(searchable),
                static_summary=f"{facts.amount}, {cause(case)}",
                static_details=_details(case),
            )
        except WorkflowAlreadyStartedError:
            return False
        return True

    async def conclude(self, task: ClosingTask) -> bool:
        """Starts what is left to do towards the customer of a case; False when there is or was such a workflow."""
        try:
            await self._client.start_workflow(
                ClosingWorkflow.run,
                task,
                id=closing_id(task.invoice_id, task.occasion),
                task_queue=self._task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=f"what is left to do towards the customer: {task.occasion.replace('_', ' ')}",
            )
        except WorkflowAlreadyStartedError:
            return False
        return True


def _details(case: Case) -> str:
    facts = case.facts
    return (
        f"Invoice `{facts.invoice_id}` of customer `{facts.customer_id}`, {facts.amount} due.\n\n"
        f"Opened {facts.opened_at:%Y-%m-%d %H:%M} UTC by policy {case.policy}: "
        f"{cause(case)}."
    )
