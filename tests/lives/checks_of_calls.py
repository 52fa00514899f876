"""What waits in the queue of calls once a household has come to its end, by the ledger."""

from collections.abc import Iterator

from domain.calls import TaskState
from domain.case import CaseStatus
from tests.lives.lived import Lived

_WAITING = (TaskState.OPEN, TaskState.TAKEN)
_MOST = 10_000


def calls_hold(lived: Lived) -> Iterator[str]:
    """k. No call waits while its case stands still, is with an agency or has ended; and each has an hour."""
    cases = {held.case.facts.invoice_id: held.case for held in lived.cases.values()}
    for task in lived.ledger.call_tasks(_WAITING, None, _MOST):
        case = cases.get(task.invoice_id)
        if case and case.status is not CaseStatus.OPEN:
            yield f"{task.invoice_id}: {task.step} is {task.state}, and its case is {case.status}"
    for task in lived.ledger.call_tasks([*TaskState], None, _MOST):
        if task.invoice_id in cases and not task.as_of <= task.call_from < task.until:
            yield f"{task.invoice_id}: {task.step} of {task.as_of} may be made from {task.call_from} to {task.until}"
