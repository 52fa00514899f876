"""How late due steps are when a worker alone is killed and another one starts.

    python -m bench.killed_worker [CASES]

Kills the worker two seconds before its cases are due and starts another at once; beside it the same cases with a worker
that lives. Prints how late the first effect of a case was. Wanted: 3 s at most above the other; with the time-out that
worker.py has (DUNNING_STICKY_TIMEOUT, 30 s) it is about 31 s, all of it that time-out.

Why not 3 s: the task of a case that the dead worker had in memory waits in that worker's own queue. Three things end
the wait. The time-out: the worker gives it to the server with each finished task, for the case's next one, so nobody
can shorten it afterwards; and with 3 s the tasks of a herd run out in line behind a worker that lives
(runtime/settings.py has the figures), each at the price of events and a replay. The server's own notice: ten seconds
after the last poll it gives tasks to any worker (`stickyPollerUnavailableWindow`, a constant of server 1.32), so only
steps that are due within ten seconds of the death are late at all. And the farewell (`ShutdownWorker`) of a worker that
is ended in order: a killed one sends none. Another could send it in its name, but would have to be sure that it is
dead, and to read the queue's name out of a history: the SDK does not tell it. So a kill costs some cases half a minute.

Exits 1 above the wanted figure.
"""

import signal
import sys
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

from temporalio.client import Client

from bench.herd import herd
from bench.parts import measured_on_a_server, percentile
from runtime.leaving import leave
from sandbox.machine.processes import signal_group

CASES = 30
WANTED = 3.0


async def late(folder: Path, address: str, client: Client, cases: int, *, killed: bool) -> list[float]:
    """Seconds from the due time to the end of the first effect, per case."""
    folder.mkdir()
    with herd(client, folder, address, cases) as opening, ExitStack() as workers:
        opened = await opening.open()
        first = workers.enter_context(opening.worker("first"))
        await opened.asleep()
        if killed:
            signal_group(first, signal.SIGKILL)
            workers.enter_context(opening.worker("second"))
        return [min(case.late) for case in await opened.acted(timedelta(minutes=2))]


async def measure(folder: Path, address: str, client: Client, cases: int) -> bool:
    alive = await late(folder / "alive", address, client, cases, killed=False)
    killed = await late(folder / "killed", address, client, cases, killed=True)
    for name, seconds in (("worker alive", alive), ("worker killed", killed)):
        print(f"{name:14} first effect late by p50 {percentile(seconds, 0.5):.1f} s, last {max(seconds):.1f} s")
    more = max(killed) - max(alive)
    print(f"later by {more:.1f} s (wanted: {WANTED}), ratio {max(killed) / max(alive):.1f}")
    return more <= WANTED


def main() -> int:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    return measured_on_a_server(partial(measure, cases=cases))


if __name__ == "__main__":
    leave(main())
