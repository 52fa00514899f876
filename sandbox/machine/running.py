"""The whole system on this machine: Temporal server, web UI, worker and provider stand-ins under one supervisor."""

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from temporalio.service import RPCError

from gateways.ledger.database import upgrade_schema
from runtime.set_up import register_search_attributes
from runtime.settings import ROOT, Settings
from sandbox.machine.environment import (
    letter_environment,
    settings_of,
    stand_in_environment,
    web_environment,
)
from sandbox.machine.errors import SandboxError
from sandbox.machine.patience import connected, patiently
from sandbox.machine.ports import is_open, remembered_ports
from sandbox.machine.processes import ChildSpec
from sandbox.machine.program_cache import Say
from sandbox.machine.supervisor import Supervisor
from sandbox.machine.temporal_server import TemporalServer, start_temporal
from sandbox.providers.world import ProviderWorld

WORKER, WEB = "worker", "web"


@dataclass(frozen=True)
class Running:
    """What runs, and how to reach it. `environment` is what a worker or starter.py needs to work with it."""

    server: TemporalServer
    supervisor: Supervisor
    world: ProviderWorld
    settings: Settings
    environment: Mapping[str, str]


@contextmanager
def running(
    data_dir: Path,
    *,
    time_skipping: bool,
    say: Say,
    task_queue: str = "dunning",
    furnish: Callable[[ProviderWorld], None] = lambda _: None,
    web: bool = False,
    more: Mapping[str, str] = MappingProxyType({}),
    letters: bool = False,
) -> Iterator[Running]:
    """Starts everything, and ends it when the block is left. Blocks; raises SandboxError or SettingsError.

    `furnish` is given the world before it listens. With `web` the web process runs too. `more` are further
    settings of worker, web process and starter.py, by environment variable; with `letters` the print service is set up
    as well, for which the brand has to have an address.

    The environment's TEMPORAL_ADDRESS, when set, names a server to use in place of one of our own.
    """
    given = Settings()
    address = given.temporal_address if "temporal_address" in given.model_fields_set else None
    data_dir = data_dir.resolve()
    supervisor = Supervisor(say=say)
    ports = remembered_ports(data_dir / "stand-ins.json", ["stand-ins", WEB], {})
    world = ProviderWorld(port=ports["stand-ins"])
    furnish(world)
    try:
        _listen(world)  # first, so that the server's free ports are other ones
        with (
            supervisor,
            start_temporal(
                data_dir=data_dir / "temporal",
                time_skipping=time_skipping,
                say=say,
                address=address,
                supervisor=supervisor,
            ) as server,
        ):
            names = {"DUNNING_TASK_QUEUE": task_queue, "DUNNING_LOG_LEVEL": "WARNING"}
            environment = {**stand_in_environment(server.address, world, data_dir), **names, **more}
            if letters:
                environment |= letter_environment(world)
            if web:
                environment |= web_environment(world, ports[WEB])
            settings = settings_of(environment)
            upgrade_schema(settings.dunning_database_url)
            asyncio.run(_prepare(settings))
            _start_worker(supervisor, _worker(data_dir / "worker.log", environment), server)
            say("The worker is ready")
            if web:
                supervisor.add(_web(data_dir / "web.log", environment, ports[WEB]))
                say(f"Webhooks come in at {environment['WEB_PUBLIC_URL']}/webhooks")
            yield Running(server, supervisor, world, settings, environment)
            supervisor.remove(WEB)
            supervisor.remove(WORKER)
    finally:
        world.stop()


def _listen(world: ProviderWorld) -> None:
    try:
        world.start()
    except RuntimeError as error:
        raise SandboxError(str(error)) from None


def _start_worker(supervisor: Supervisor, worker: ChildSpec, server: TemporalServer) -> None:
    """Starts the worker; again when it found no server because that had just been killed."""
    while True:
        restarts = server.restarts
        try:
            supervisor.add(worker)
            return
        except SandboxError:
            server.wait_ready()
            if server.restarts == restarts:
                raise


async def _prepare(settings: Settings) -> None:
    try:
        client = await connected(settings)
        await patiently(lambda: register_search_attributes(client), "registering search attributes")
    except RPCError as error:
        raise SandboxError(
            f"The Temporal server at {settings.temporal_address} refuses the set-up of search attributes "
            f"({error.status.name}): see its log."
        ) from None


def _worker(log: Path, environment: Mapping[str, str]) -> ChildSpec:
    return ChildSpec(
        name=WORKER,
        argv=[sys.executable, "worker.py"],
        log=log,
        env=environment,
        cwd=ROOT,
        ready=_Ready(log),
        ready_within=60,
        stop_within=5,
    )


def _web(log: Path, environment: Mapping[str, str], port: int) -> ChildSpec:
    return ChildSpec(
        name=WEB,
        argv=[sys.executable, "-m", "web"],
        log=log,
        env=environment,
        cwd=ROOT,
        ready=lambda: is_open(port),
        ready_within=60,
        stop_within=15,
    )


class _Ready:
    """Whether the worker has said in its log that it runs, once more than the last time that this was true."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._seen = self._count()

    def __call__(self) -> bool:
        now = self._count()
        ready = now > self._seen
        self._seen = now
        return ready

    def _count(self) -> int:
        try:
            return self._log.read_text(errors="replace").count("task queue ")
        except OSError:
            return 0
