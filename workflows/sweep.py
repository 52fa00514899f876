"""One run of the sweep: page after page, with pauses, until it is over or has had its share of requests."""

from datetime import timedelta

from temporalio import workflow

from activities.sweeping import Begin, SweepActivities
from domain.base import Message
from domain.sweep import Sweep
from workflows import options


class SweepRun(Message):
    """How much one run may do. The next run goes on where this one stops."""

    pages: int = 200  # at most
    pause: timedelta = timedelta(seconds=1)  # between two


@workflow.defn(name="SweepWorkflow")
class SweepWorkflow:
    """Started by a schedule. What it looks at and mends is the activities' business."""

    @workflow.run
    async def run(self, limits: SweepRun) -> Sweep:
        sweep = await workflow.execute_activity_method(
            SweepActivities.begin,
            Begin(),
            start_to_close_timeout=options.ONE_TRY,
            retry_policy=options.PATIENT,
            summary="go on, or begin",
        )
        for _ in range(limits.pages):
            sweep = await workflow.execute_activity_method(
                SweepActivities.page,
                sweep,
                start_to_close_timeout=options.ONE_PAGE,
                schedule_to_close_timeout=options.ONE_SWEEP,
                retry_policy=options.PATIENT,
                summary=f"look at {sweep.stage.value}",
            )
            if sweep.ended_at:
                break
            await workflow.sleep(limits.pause, summary="leave requests to others")
        return sweep
