"""The CPU of a cold wake: a sleeping case that no worker remembers is replayed from its first event.

    python -m bench.cold_wake [REPLAYS]

Prints the milliseconds of CPU of one replay of a case of some 110 events, beside a bare workflow (timers and
activities, the SDK's own sandbox and converter) with as many events; medians of rounds that take turns. Wanted: 25 ms,
where the bare one needs 20: a ratio of 1.25. Exits 1 above.

Beside them one that gives the commands of a case and does nothing, without a sandbox: its cost is the SDK's, and what
a case needs beyond it is ours.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from uuid import uuid4

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer, Worker

from bench.bare import DECIDED_WAKE_UP, WAKE_UP, BareDecisions, BareWorkflow, nothing
from bench.parts import measured_on_a_server
from runtime.leaving import leave
from runtime.temporal import dunning_plugin
from sandbox.play.stage import TIME_SKIPPING_EVENTS, staged
from sandbox.providers.stripe_outcomes import Decline

Bare = BareWorkflow | BareDecisions

EVENTS = 110
WANTED = 1.25
_ROUNDS = 7
_REPLAYS = 30


async def case_history(folder: Path, address: str) -> WorkflowHistory:
    """A standard case that nobody pays, asleep, with about EVENTS events."""
    async with staged(address, folder) as stage:
        case = await stage.open(Decline("generic_decline"), amount=20_000)
        await case.finish()
        return asleep(await case.handle.fetch_history())


def asleep(history: WorkflowHistory) -> WorkflowHistory:
    """The part of a history up to the timer with which it has about EVENTS events, without what skipping wrote."""
    counted, ends = 0, 0
    for number, event in enumerate(history.events, start=1):
        counted += event.event_type not in TIME_SKIPPING_EVENTS
        if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED and counted <= EVENTS + 10:
            ends = number
    return WorkflowHistory(history.workflow_id, history.events[:ends])


def counted(events: list[HistoryEvent]) -> int:
    return sum(event.event_type not in TIME_SKIPPING_EVENTS for event in events)


async def bare_history(client: Client, bare: type[Bare], events: int, of_wake_up: int) -> WorkflowHistory:
    """A bare workflow with about so many events, of which each wake-up has so many."""
    queue, wake_ups = f"bare-{uuid4().hex[:8]}", events // of_wake_up
    async with Worker(client, task_queue=queue, workflows=[bare], activities=[nothing]):
        handle = await client.start_workflow(bare.run, wake_ups, id=queue, task_queue=queue)
        while len((history := await handle.fetch_history()).events) < wake_ups * of_wake_up + 4:
            await asyncio.sleep(0.1)
    return history


async def replay(replayer: Replayer, history: WorkflowHistory, times: int) -> float:
    """Milliseconds of this process's CPU for one replay."""

    async def again() -> AsyncIterator[WorkflowHistory]:
        for _ in range(times):
            yield history

    started = time.process_time()
    await replayer.replay_workflows(again())
    return 1000 * (time.process_time() - started) / times


async def measure(folder: Path, address: str, _cases: Client, times: int) -> bool:
    case = await case_history(folder, address)
    events = counted(list(case.events))
    client = await Client.connect(address)
    bare = await bare_history(client, BareWorkflow, events, WAKE_UP)
    empty = await bare_history(client, BareDecisions, events, DECIDED_WAKE_UP)
    replayers = (
        (Replayer(workflows=[], plugins=[dunning_plugin()]), case),
        (Replayer(workflows=[BareWorkflow]), bare),
        (Replayer(workflows=[BareDecisions]), empty),
    )
    # The first round warms up.
    costs = [[await replay(*each, times) for each in replayers] for _ in range(_ROUNDS + 1)][1:]
    of_case, of_bare, of_empty = (statistics.median(each) for each in zip(*costs, strict=True))
    print(f"cold wake of a case:        {of_case:5.1f} ms CPU for {events} events")
    print(f"of a bare workflow:         {of_bare:5.1f} ms CPU for {counted(list(bare.events))} events")
    print(f"of the case's commands:     {of_empty:5.1f} ms CPU for {counted(list(empty.events))} events")
    print(f"ratio: {of_case / of_bare:.2f} (wanted: {WANTED}; of the commands alone: {of_empty / of_bare:.2f})")
    return bool(of_case <= WANTED * of_bare)


def main() -> int:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else _REPLAYS
    return measured_on_a_server(partial(measure, times=times), time_skipping=True)


if __name__ == "__main__":
    leave(main())
