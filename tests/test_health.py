"""The container's health check, on the real server."""

import asyncio
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from temporalio.client import Client
from temporalio.worker import Worker

from activities.decisions import DecisionActivities
from gateways.ledger.sql_ledger import SqlLedger
from runtime import wiring
from runtime.health import polls
from runtime.settings import ROOT, Settings

HERE = socket.gethostname()


async def test_worker_that_polls_is_healthy(client: Client, task_queue: str, ledger: SqlLedger) -> None:
    """The server has heard of a worker of this host as soon as it polls; of no other host."""
    deciding = DecisionActivities(ledger, wiring.situations(Settings(), ledger))
    with ThreadPoolExecutor(1) as threads:
        worker = Worker(client, task_queue=task_queue, activities=[deciding.decide], activity_executor=threads)
        async with worker, asyncio.timeout(30):
            while not await polls(client, task_queue, HERE):
                pass  # the server has no event for it; each question is a call of its own

            assert not await polls(client, task_queue, "another-host")


async def test_queue_without_a_worker_is_not_healthy(client: Client, task_queue: str) -> None:
    assert not await polls(client, task_queue, HERE)


def test_check_says_in_one_sentence_what_is_wrong() -> None:
    """Docker shows the sentence, and the exit code makes the container unhealthy."""
    result = subprocess.run(
        [sys.executable, "-m", "runtime.health"],
        cwd=ROOT,
        env={**os.environ, "TEMPORAL_ADDRESS": "127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 1 == result.returncode
    assert "health: No Temporal server answers at 127.0.0.1:1" in result.stderr
    assert 1 == len(result.stderr.strip().splitlines())
