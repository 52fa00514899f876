"""Says whether the worker on this machine polls its task queue: the container's health check. Exit 0 or 1."""

import asyncio
import socket
import sys
from datetime import UTC, datetime, timedelta

from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from runtime.leaving import leave
from runtime.settings import SettingsError, load_settings
from runtime.temporal import connect

# A poll lasts a minute; the server remembers its pollers for five.
RECENT = timedelta(minutes=2)


async def polls(client: Client, task_queue: str, host: str) -> bool:
    """Whether a worker process of `host` has polled the task queue lately. Raises RPCError without an answer."""
    request = DescribeTaskQueueRequest(namespace=client.namespace, task_queue=TaskQueue(name=task_queue))
    answer = await client.workflow_service.describe_task_queue(request)
    since = datetime.now(UTC) - RECENT
    # The SDK names a worker `pid@host`.
    return any(
        poller.identity.endswith(f"@{host}") and poller.last_access_time.ToDatetime(UTC) > since
        for poller in answer.pollers
    )


async def check() -> str | None:
    """What is wrong, in one sentence, or None."""
    try:
        settings = load_settings()
        client = await connect(settings)
        if await polls(client, settings.dunning_task_queue, socket.gethostname()):
            return None
    except SettingsError as error:
        return str(error)
    except RPCError as error:
        return f"Temporal does not say who polls {settings.dunning_task_queue}: {error.status.name}."
    return f"No worker of this machine polls {settings.dunning_task_queue}: restart it."


def main() -> int:
    problem = asyncio.run(check())
    if problem:
        print(f"health: {problem}", file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    leave(main())
