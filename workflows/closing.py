"""Once a case is over, or asks for nothing any more: notices are withdrawn, and what is left to be said is said."""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.closings import ClosingActivities
from domain.closing_messages import WITHDRAWN_WITHIN, ClosingOutcome, ClosingTask
from workflows import options

_LOOK_AGAIN = timedelta(minutes=10)


@workflow.defn(name="ClosingWorkflow")
class ClosingWorkflow:
    """No part of the case, which it never holds open. What is done, and when, the activity decides each time anew."""

    @workflow.run
    async def run(self, task: ClosingTask) -> ClosingOutcome:
        while workflow.now() < task.since + WITHDRAWN_WITHIN:
            try:
                found = await workflow.execute_activity_method(
                    ClosingActivities.conclude,
                    task.but(as_of=workflow.now()),
                    start_to_close_timeout=options.ONE_TRY,
                    schedule_to_close_timeout=options.ONE_EFFECT,
                    retry_policy=options.PATIENT,
                    summary="withdraw notices and say what is left, or when to look again",
                )
            except ActivityError:
                # A provider is away for longer, or a worker: an hour-old idea of the time is not acted on.
                await workflow.sleep(_LOOK_AGAIN, summary="trouble: look again")
                continue
            if found.next_at is None:
                return found
            await workflow.sleep(max(timedelta(0), found.next_at - workflow.now()), summary=found.why)
        return ClosingOutcome(why="its time is over")
