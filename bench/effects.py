"""A herd: cases with three effects each, all due in one second, and one worker. What an effect costs, how late it is.

    python -m bench.effects [CASES]

Prints the CPU of the worker process per effect (decisions included), effects per second, how late they were, how many
workflow tasks timed out, and whether anything was done twice; beside it a bare herd on the same server (workflows that
wait, then call as many activities that do nothing). Wanted: 13 ms CPU per effect, 65 effects/s, no time-out, nothing
twice. Exits 1 below.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

from temporalio.client import Client

from bench.bare import BareHerd
from bench.herd import EFFECTS, Herd, herd
from bench.parts import cpu_seconds, measured_on_a_server, percentile, python_child
from runtime.leaving import leave
from sandbox.machine.processes import end

CASES = 1_000
WANTED_MS = 13.0
WANTED_SPEED = 65.0
_GIVE_UP = timedelta(minutes=5)


async def measure(folder: Path, address: str, client: Client, cases: int) -> bool:
    with herd(client, folder, address, cases) as opening:
        opened = await opening.open()
        with opening.worker() as worker:
            await opened.asleep()
            before = cpu_seconds(worker.pid)
            cpu = await _until_done(opened, worker.pid) - before
            acted = await opened.acted(_GIVE_UP)
        seen = opened.seen()
    late = [seconds for case in acted for seconds in case.late]
    timed_out, tries = sum(case.timed_out for case in acted), max(case.tries for case in acted)
    effects = cases * EFFECTS
    each, speed = 1000 * cpu / effects, effects / max(late)
    bare = await bare_herd(folder, address, cases)
    print(
        f"CPU of the worker per effect: {each:6.1f} ms (wanted: {WANTED_MS}), bare {bare:.1f}, ratio {each / bare:.1f}"
    )
    print(f"effects per second:           {speed:6.1f} (wanted: {WANTED_SPEED})")
    print(f"late: p50 {percentile(late, 0.5):.1f} s, p99 {percentile(late, 0.99):.1f} s, last {max(late):.1f} s")
    print(f"workflow tasks timed out: {timed_out}; most tries of one effect: {tries}; seen by the providers: {seen}")
    once = not seen["twice"] and sum(seen["done"].values()) == effects
    return each <= WANTED_MS and speed >= WANTED_SPEED and not timed_out and once


async def _until_done(herd: Herd, pid: int) -> float:
    """The worker's CPU when it has come to rest after the herd."""
    await asyncio.sleep((herd.due - datetime.now(UTC)).total_seconds() + 3)
    used, give_up = cpu_seconds(pid), herd.due + _GIVE_UP
    while datetime.now(UTC) < give_up:
        await asyncio.sleep(3)
        now = cpu_seconds(pid)
        if now - used < 0.06:
            return now
        used = now
    return used


async def bare_herd(folder: Path, address: str, count: int) -> float:
    """Milliseconds of a worker's CPU per effect that does nothing."""
    client, queue = await Client.connect(address), f"bare-{uuid4().hex[:8]}"
    due = datetime.now(UTC) + timedelta(seconds=10 + count / 20)
    worker = python_child("bare", ["-m", "bench.bare_worker", address, queue], folder, {})
    try:
        started = [
            await client.start_workflow(BareHerd.run, due.isoformat(), id=f"{queue}-{number}", task_queue=queue)
            for number in range(count)
        ]
        await asyncio.sleep((due - datetime.now(UTC)).total_seconds() - 1)
        before = cpu_seconds(worker.pid)
        await asyncio.wait_for(asyncio.gather(*(handle.result() for handle in started)), _GIVE_UP.total_seconds())
        return 1000 * (cpu_seconds(worker.pid) - before) / (EFFECTS * count)
    finally:
        end(worker, within=10)


def main() -> int:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    return measured_on_a_server(partial(measure, cases=cases))


if __name__ == "__main__":
    leave(main())
