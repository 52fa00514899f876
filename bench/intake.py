"""How fast cases are taken in from a file, beside bare starts of the same workflow on the same server.

    python -m bench.intake [CASES]

Once with providers that answer at once, once with providers that need 200 ms for each answer. Exits 1 when intake
reaches less than 35 % of the bare starts, or less than 40 cases a second with the slow providers.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

from temporalio.client import Client

from bench.relay import relayed
from domain.ids import workflow_id
from gateways.ledger.database import upgrade_schema
from runtime import wiring
from runtime.leaving import leave
from runtime.set_up import register_search_attributes
from runtime.settings import Settings
from runtime.temporal import connect
from sandbox.machine.errors import SandboxError
from sandbox.machine.temporal_server import start_temporal
from service.feed import FAILURES, take_all
from workflows.dunning import DunningWorkflow
from workflows.messages import CaseStart

CASES = 600
SLOW = 0.2
"""Seconds that a slow provider needs for each answer."""
WANTED_SHARE = 0.35
WANTED_SLOW = 40


@contextmanager
def failed_invoices(folder: Path, count: int) -> Iterator[dict[str, str]]:
    """The stand-in Stripe in a process of its own, with failed invoices; its environment. Events are in the folder."""
    command = [sys.executable, "-m", "bench.failed_invoices", str(folder), str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


async def take_in(client: Client, environment: dict[str, str], text: str, folder: Path) -> float:
    """Cases a second, from a file into an empty ledger."""
    values = {**environment, "DUNNING_TASK_QUEUE": f"bench-{uuid4().hex[:8]}"}
    values["DUNNING_DATABASE_URL"] = f"sqlite:///{folder / uuid4().hex}.db"
    settings = Settings.model_validate({name.lower(): value for name, value in values.items()})
    upgrade_schema(settings.dunning_database_url)
    ledger = wiring.open_ledger(settings)
    with closing(ledger), closing(wiring.intake(settings, client, ledger)) as intake:
        started = time.monotonic()
        lines = [line async for line in take_all(intake, text)]
        seconds = time.monotonic() - started
    if wrong := [line for line in lines if line.result in FAILURES]:
        raise SandboxError(f"{len(wrong)} of {len(lines)} records were not taken: {wrong[0].problem}")
    return sum(line.result == "opened" for line in lines) / seconds


async def bare_starts(client: Client, invoices: list[str], at_once: int = 64) -> float:
    """Starts a second of workflows with the same input as the cases, nothing else."""
    history = await client.get_workflow_handle(workflow_id(invoices[0])).fetch_history()
    payloads = history.events[0].workflow_execution_started_event_attributes.input.payloads
    [start] = await client.data_converter.decode(payloads, [CaseStart])
    slots = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with slots:
            await client.start_workflow(
                DunningWorkflow.run, start, id=f"bare-{number}-{uuid4().hex}", task_queue="bench-bare"
            )

    started = time.monotonic()
    await asyncio.gather(*map(one, range(len(invoices))))
    return len(invoices) / (time.monotonic() - started)


async def measure(folder: Path, address: str, count: int) -> tuple[float, float, float]:
    client = await connect(Settings(temporal_address=address))
    await register_search_attributes(client)
    with failed_invoices(folder, count * 2) as environment:
        lines = (folder / "events.jsonl").read_text().splitlines()
        invoices = [json.loads(line)["data"]["object"]["id"] for line in lines[:count]]
        fast = await take_in(client, environment, "\n".join(lines[:count]), folder)
        bare = await bare_starts(client, invoices)
        with relayed(environment["STRIPE_API_BASE"], SLOW) as base:
            slow = await take_in(client, {**environment, "STRIPE_API_BASE": base}, "\n".join(lines[count:]), folder)
    return fast, bare, slow


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    with tempfile.TemporaryDirectory(prefix="dunning-bench-") as name:
        folder = Path(name)
        try:
            with start_temporal(data_dir=folder / "temporal", time_skipping=False, ui=False, say=print) as server:
                fast, bare, slow = asyncio.run(measure(folder, server.address, count))
        except SandboxError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2
    print(f"intake from a file:                    {fast:6.1f} cases/s, {fast / bare:.0%} of {bare:.0f} bare starts/s")
    print(f"with providers that answer in 200 ms:  {slow:6.1f} cases/s")
    return 0 if fast >= WANTED_SHARE * bare and slow >= WANTED_SLOW else 1


if __name__ == "__main__":
    leave(main())
