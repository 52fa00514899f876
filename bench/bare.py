"""The least that a workflow can be: it sleeps and calls activities. What the cases are held against."""

from datetime import datetime, timedelta

from temporalio import activity, workflow

WAKE_UP = 11
"""Events of one wake-up: a timer, an activity, and a workflow task after each."""
ACTIVITIES = 2
"""Of one wake-up of `BareDecisions`."""
DECIDED_WAKE_UP = 5 + 7 * ACTIVITIES + 1
"""Its events: as above for each activity, and a marker before each and at the end."""


@activity.defn(name="nothing")
async def nothing() -> None:
    """Does nothing."""


@workflow.defn(name="Bare")
class BareWorkflow:
    """As many wake-ups as it is told, then a wait without end."""

    @workflow.run
    async def run(self, wake_ups: int) -> None:
        for _ in range(wake_ups):
            await workflow.sleep(timedelta(milliseconds=5))
            await workflow.execute_activity(nothing, start_to_close_timeout=timedelta(seconds=10))
        await workflow.wait_condition(lambda: False)


@workflow.defn(name="BareDecisions", sandboxed=False)
class BareDecisions:
    """The commands of a case and nothing else: a local activity before each wait and each activity. No sandbox."""

    @workflow.run
    async def run(self, wake_ups: int) -> None:
        await self._decide()
        for _ in range(wake_ups):
            await workflow.sleep(timedelta(milliseconds=5))
            for _ in range(ACTIVITIES):
                await self._decide()
                await workflow.execute_activity(nothing, start_to_close_timeout=timedelta(seconds=10))
            await self._decide()
        await workflow.wait_condition(lambda: False)

    async def _decide(self) -> None:
        await workflow.execute_local_activity(nothing, start_to_close_timeout=timedelta(seconds=5))


@workflow.defn(name="BareHerd")
class BareHerd:
    """One activity at a moment, then two side by side."""

    @workflow.run
    async def run(self, due: str) -> None:
        # A busy machine may come to it too late.
        await workflow.sleep(max(timedelta(0), datetime.fromisoformat(due) - workflow.now()))
        for together in (1, 2):
            calls = [
                workflow.start_activity(nothing, start_to_close_timeout=timedelta(minutes=5)) for _ in range(together)
            ]
            for call in calls:
                await call
