"""Many cases whose next steps are due in one second of real time; worker and stand-ins are processes of their own."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo, available_timezones

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle

from bench.parts import python_child
from domain.ids import workflow_id
from gateways.ledger.database import upgrade_schema
from runtime import wiring
from runtime.settings import ROOT, Settings
from sandbox.machine.errors import SandboxError
from sandbox.machine.processes import end
from service.feed import take_all

EFFECTS = 3
"""Of each case: a charge, then an e-mail and a notice side by side."""
_POLICY = """\
name: standard
version: 1
segments: [any]
default_time_zone: UTC
time_of_day: "{due:%H:%M}"
jitter: PT0S
timeline:
  - day: 0
    do:
      - charge
      - remind: {{channel: email, stage: friendly}}
      - remind: {{channel: notice, stage: friendly}}
  - day: 5
    do: [remind: {{channel: email, stage: final}}]
  - day: 20
    do: [escalate]
retries: {{max_attempts: 8, max_per_day: 4, paydays: {{}}}}
contacts: {{hours: {{start: "00:00", end: "23:59", sundays: true, public_holidays: true}}}}
catch_up: all
endgame: {{notice_days: 7}}
"""


class Acted(NamedTuple):
    """What a case's history says of its effects."""

    late: tuple[float, ...]  # seconds from the due time to each effect's end
    timed_out: int  # workflow tasks that no worker took, or finished, in time
    tries: int  # the most tries that one effect needed


@dataclass(frozen=True)
class Herd:
    """Open cases that are asleep until `due`."""

    client: Client
    invoices: tuple[str, ...]
    due: datetime
    environment: Mapping[str, str]  # of a worker for them
    world: "subprocess.Popen[str]"

    async def asleep(self) -> None:
        """Returns two seconds before the cases are due. Raises SandboxError when one of them is not asleep by then."""
        await asyncio.sleep((self.due - datetime.now(UTC)).total_seconds() - 2)
        last = self.client.get_workflow_handle(workflow_id(self.invoices[-1]))
        kinds = {event.event_type async for event in last.fetch_history_events()}
        if datetime.now(UTC) > self.due or EventType.EVENT_TYPE_TIMER_STARTED not in kinds:
            raise SandboxError("the cases were not asleep in time: the machine is too busy")

    async def acted(self, give_up: timedelta) -> list[Acted]:
        """Waits until all cases have had all their effects, and reads them from the histories. Raises SandboxError."""
        until = self.due + give_up
        return list(await asyncio.gather(*(self._acted(invoice, until) for invoice in self.invoices)))

    async def _acted(self, invoice: str, until: datetime) -> Acted:
        handle = self.client.get_workflow_handle(workflow_id(invoice))
        while datetime.now(UTC) < until:
            found = await _read(handle, self.due)
            if len(found.late) == EFFECTS:
                return found
            await asyncio.sleep(5)
        raise SandboxError(f"case {invoice} has {len(found.late)} of {EFFECTS} effects by {until:%H:%M:%S}")

    def seen(self) -> dict[str, Any]:
        """What the stand-ins saw, by the end: `done` by kind, and how many keys came `twice`."""
        out, _ = self.world.communicate()
        return dict(json.loads(out))


async def _read(handle: WorkflowHandle[Any, Any], due: datetime) -> Acted:
    late, timed_out, tries = [], 0, 0
    async for event in handle.fetch_history_events():
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
                timed_out += 1
            case EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
                tries = max(tries, event.activity_task_started_event_attributes.attempt)
            case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                late.append((event.event_time.ToDatetime(tzinfo=UTC) - due).total_seconds())
    return Acted(tuple(late), timed_out, tries)


@contextmanager
def failed_invoices(folder: Path, count: int, zone: str) -> Iterator["tuple[subprocess.Popen[str], dict[str, str]]"]:
    """The stand-in world in a process of its own, and its environment. The events are in the folder."""
    command = [sys.executable, "-m", "bench.failed_invoices", str(folder), str(count), zone]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None  # noqa: S101
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def _where_it_is_noon(now: datetime) -> str:
    """A place whose clock is at twelve; `Etc/` names are clocks, and no places."""
    places = (name for name in sorted(available_timezones()) if "/" in name and not name.startswith("Etc/"))
    return next(name for name in places if now.astimezone(ZoneInfo(name)).hour == 12)


@contextmanager
def herd(client: Client, folder: Path, address: str, count: int) -> Iterator["Opening"]:
    """Failed invoices of which `Opening.open` makes a herd."""
    now = datetime.now(UTC)
    # Where it is about noon: the steps of today are neither over nor at night.
    zone = _where_it_is_noon(now)
    # A whole minute, and late enough that all are open and asleep by then.
    due = (now + timedelta(seconds=75 + count / 8)).replace(second=0, microsecond=0)
    shutil.copytree(ROOT / "policies", folder / "policies")
    policy = _POLICY.format(due=due.astimezone(ZoneInfo(zone)))
    (folder / "policies" / "standard.yaml").write_text(policy)
    with failed_invoices(folder, count, zone) as (world, environment):
        # The stand-ins' own time-out is for a worker that is killed all the time: here a production worker is measured.
        del environment["DUNNING_STICKY_TIMEOUT"]
        values = {
            **environment,
            "TEMPORAL_ADDRESS": address,
            "DUNNING_TASK_QUEUE": f"herd-{uuid4().hex[:8]}",
            "DUNNING_POLICIES": str(folder / "policies"),
        }
        yield Opening(client, folder, values, world, due)


@dataclass(frozen=True)
class Opening:
    """A herd that is not open yet."""

    client: Client
    folder: Path
    environment: Mapping[str, str]
    world: "subprocess.Popen[str]"
    due: datetime

    @contextmanager
    def worker(self, name: str = "worker") -> Iterator["subprocess.Popen[bytes]"]:
        """A worker process, ended with the block."""
        process = python_child(name, ["worker.py"], self.folder, self.environment)
        try:
            yield process
        finally:
            end(process, within=10)

    async def open(self) -> Herd:
        """Opens all cases. Before any worker runs: on one SQLite file each would hold the other up."""
        settings = Settings.model_validate({name.lower(): value for name, value in self.environment.items()})
        upgrade_schema(settings.dunning_database_url)
        ledger = wiring.open_ledger(settings)
        with closing(ledger), closing(wiring.intake(settings, self.client, ledger)) as intake:
            text = (self.folder / "events.jsonl").read_text()
            lines = [line async for line in take_all(intake, text)]
        invoices = tuple(str(line.invoice_id) for line in lines if line.result == "opened")
        if len(invoices) < len(lines):
            raise SandboxError(f"{len(lines) - len(invoices)} of {len(lines)} cases were not opened: {lines[0]}")
        return Herd(self.client, invoices, self.due, self.environment, self.world)
