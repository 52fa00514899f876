"""Before one renewal of a subscription: what has to be said is said in its time, and nothing after the charge."""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.renewals import RenewalActivities
from domain.renewal import NoticeOutcome, NoticeTask, Renewal
from workflows import options

_LOOK_AGAIN = timedelta(minutes=10)
_UNTIL_CHARGED = timedelta(hours=1)
"""A renewal's invoice is a draft for so long before it is charged."""


@workflow.defn(name="RenewalWorkflow")
class RenewalWorkflow:
    """No case: nothing has failed. What is said, and when, the activity decides each time anew."""

    @workflow.run
    async def run(self, renewal: Renewal) -> NoticeOutcome:
        while workflow.now() < renewal.renews_at + _UNTIL_CHARGED:
            try:
                found = await workflow.execute_activity_method(
                    RenewalActivities.notice,
                    NoticeTask(renewal=renewal, as_of=workflow.now()),
                    start_to_close_timeout=options.ONE_TRY,
                    schedule_to_close_timeout=options.ONE_EFFECT,
                    retry_policy=options.PATIENT,
                    summary="say what is due, or when to look again",
                )
            except ActivityError:
                # A provider is away for longer, or a worker: an hour-old idea of the time is not acted on.
                await workflow.sleep(_LOOK_AGAIN, summary="trouble: look again")
                continue
            if found.next_at is None:
                return found
            await workflow.sleep(max(timedelta(0), found.next_at - workflow.now()), summary=found.why)
        return NoticeOutcome(why="the charge has begun: nothing is said before it any more")
