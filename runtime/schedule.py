"""The schedule of the sweep, in the namespace of the cases."""

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from runtime.settings import Settings
from workflows.sweep import SweepRun, SweepWorkflow


def schedule_id(settings: Settings) -> str:
    """One schedule for each task queue: two installations may share a namespace."""
    return f"{settings.dunning_task_queue}-sweep"


async def schedule_sweep(client: Client, settings: Settings) -> bool:
    """Makes the schedule, or brings it up to date; whether sweeps are made: not with DUNNING_SWEEP_EVERY of zero.

    Somebody's pause of the schedule stays.
    """
    identity = schedule_id(settings)
    handle = client.get_schedule_handle(identity)
    if not settings.dunning_sweep_every:
        try:
            await handle.delete()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        return False
    wanted = _schedule(settings)

    def as_wanted(found: ScheduleUpdateInput) -> ScheduleUpdate:
        wanted.state = found.description.schedule.state
        return ScheduleUpdate(wanted)

    try:
        await client.create_schedule(identity, wanted)
    except ScheduleAlreadyRunningError:
        await handle.update(as_wanted)
    return True


def _schedule(settings: Settings) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            SweepWorkflow.run,
            SweepRun(pages=settings.dunning_sweep_pages),
            id=schedule_id(settings),
            task_queue=settings.dunning_task_queue,
            static_summary="looks for what no webhook brought",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=settings.dunning_sweep_every)]),
        # One that is late is left out, not made up for: it would look at the same.
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=settings.dunning_sweep_every),
    )
