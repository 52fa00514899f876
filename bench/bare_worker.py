"""A process with a worker for bare workflows.

python -m bench.bare_worker ADDRESS TASK_QUEUE
"""

import asyncio
import sys

from temporalio.client import Client
from temporalio.worker import Worker

from bench.bare import BareHerd, BareWorkflow, nothing
from runtime.leaving import leave
from runtime.settings import ZONES


async def run(address: str, queue: str) -> None:
    print(f"a worker for {queue}, time zones {ZONES.iana}", flush=True)
    client = await Client.connect(address)
    await Worker(client, task_queue=queue, workflows=[BareWorkflow, BareHerd], activities=[nothing]).run()


def main() -> int:
    asyncio.run(run(sys.argv[1], sys.argv[2]))
    return 0


if __name__ == "__main__":
    leave(main())
