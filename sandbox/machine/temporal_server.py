"""A real Temporal server for the demo and the tests, from whatever this machine offers."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from sandbox.machine.errors import SandboxError
from sandbox.machine.go_build import go_install
from sandbox.machine.locks import alone
from sandbox.machine.ports import HOST, remembered_ports
from sandbox.machine.processes import ChildSpec
from sandbox.machine.program_cache import Build, Program, Say, cache_home, cached_program, is_cached
from sandbox.machine.server_config import (
    NAMESPACE,
    PORT_NAMES,
    SERVER_ENV,
    database,
    write_server_config,
    write_ui_config,
)
from sandbox.machine.supervisor import Supervisor
from sandbox.machine.temporal_cli import (
    OLDEST_WITH_TIME_SKIPPING,
    cli_child,
    cli_from_sdk,
    cli_on_path,
    parse_version,
)
from sandbox.machine.temporal_probe import server_version, ui_serves

SERVER = Program(
    title="the Temporal server 1.32.1",
    folder="temporal/server-v1.32.1",
    binary="server",
    package="go.temporal.io/server/cmd/server@v1.32.1",
    version_flag="--version",
    takes="about 5 minutes on 2 cores",
    disk=5_000_000_000,
)
UI = Program(
    title="the Temporal web UI 2.54.1",
    folder="temporal/ui-v2.54.1",
    binary="server",
    package="github.com/temporalio/ui-server/v2/cmd/server@v2.54.1",
    version_flag="--version",
    takes="about a minute",
    disk=2_000_000_000,
)
# A cold start of the server on a busy machine with 2 cores; it usually takes 1 to 3 seconds.
READY_WITHIN = 60.0


@dataclass
class TemporalServer:
    """A running server: `address` is `host:port`, `ui_url` the web UI's URL or None, `namespace` always `default`.

    Its processes are children of a supervisor, which starts them again on the same ports when they die.
    """

    address: str
    ui_url: str | None
    namespace: str = NAMESPACE
    _supervisor: Supervisor | None = None
    _children: Sequence[str] = ()
    _end: ExitStack = field(default_factory=ExitStack)

    def pids(self) -> Mapping[str, int]:
        """Pid by name (`temporal`, `temporal-ui`); empty for a server that was not started here."""
        running = self._supervisor.pids() if self._supervisor else {}
        return {name: pid for name, pid in running.items() if name in self._children}

    @property
    def restarts(self) -> int:
        """How often the server was started again after it died."""
        return self._supervisor.restarts.get("temporal", 0) if self._supervisor else 0

    def kill(self) -> int:
        """SIGKILL the server, as a crash would, and return the pid that it had; `wait_ready` says when it is back.

        Raises SandboxError for a server that was not started here.
        """
        if self._supervisor is None:
            raise SandboxError(f"The Temporal server at {self.address} was not started here: kill it where it runs.")
        return self._supervisor.kill("temporal")

    def wait_ready(self, *, within: float = READY_WITHIN) -> None:
        """Return when the server answers, and its web UI through it; SandboxError after `within` seconds."""
        if self._supervisor is None:
            return
        deadline = time.monotonic() + within
        self._supervisor.wait_ready("temporal", within=within)
        # The web UI has lost its connection with a server that died, and finds the new one a little later.
        while self.ui_url and not ui_serves(int(self.ui_url.rpartition(":")[2])):
            if time.monotonic() > deadline:
                raise SandboxError(f"Temporal's web UI at {self.ui_url} does not reach the server after {within:g} s.")
            time.sleep(0.1)

    def stop(self) -> None:
        """End what was started here and return when it is gone; may be called twice. The data stay."""
        self._end.close()

    def __enter__(self) -> "TemporalServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_temporal(
    *,
    data_dir: Path,
    time_skipping: bool,
    say: Say,
    ui: bool = True,
    address: str | None = None,
    supervisor: Supervisor | None = None,
    port: int | None = None,
    ui_port: int | None = None,
    cache: Path | None = None,
    build: Build = go_install,
) -> TemporalServer:
    """Start a Temporal server, or find one, and return when its namespace `default` serves workflows.

    The ways, in this order; `say` gets the one that was taken and the reasons against those before it:

    1. `address` (the caller's TEMPORAL_ADDRESS): the server there is used, nothing is started;
    2. the `temporal` tool on PATH, as a development server;
    3. the official server and web UI, when an earlier run has built them;
    4. the development server that Temporal's SDK downloads (it gives up in seconds without open internet);
    5. the official server and web UI, built now with Go, which takes minutes once for each version.

    With `time_skipping` a tool whose server is older than 1.32 is passed over. A data folder that was begun by the
    built server stays with it (2 and 4 are left out), because an older server could not read it.

    The data folder holds the SQLite database (a second start goes on where the first ended), the logs, the
    configuration and the ports, which stay the same; `port` and `ui_port` fix them. The processes are added to
    `supervisor`, else to one of their own. They end with this process, whatever ends it.

    Raises SandboxError: no server at `address`, a port taken, data folder in use, no network, no disk space, a failed
    build.
    """
    if address:
        return _existing(address, time_skipping, say)
    cache = cache or cache_home()
    data_dir = data_dir.resolve()
    supervisor = supervisor or Supervisor(say=say)
    with ExitStack() as end:
        in_use = f"Another sandbox runs on the data folder {data_dir}: end it, or give this one another folder."
        end.enter_context(alone(data_dir / "lock", in_use))  # two servers on one SQLite file would destroy it
        fixed = {"frontend": port, "ui": ui_port}
        wanted = {name: number for name, number in fixed.items() if number is not None}
        ports = remembered_ports(data_dir / "ports.json", PORT_NAMES, wanted)
        cli = _cli(data_dir, time_skipping, say, cache)
        if cli is not None:
            way = f"the Temporal CLI's server ({cli})"
            children = [cli_child(cli, data_dir, ports, time_skipping=time_skipping, ui=ui)]
        else:
            way = SERVER.title
            children = _official(data_dir, ports, cache, build, say, time_skipping=time_skipping, ui=ui)
        address = f"{HOST}:{ports['frontend']}"
        url = f"http://{HOST}:{ports['ui']}" if ui else None
        say(f"Starting {way} on {address}")
        started = time.monotonic()
        for child in children:
            supervisor.add(child)
            end.callback(supervisor.remove, child.name)
        say(f"Temporal is ready after {time.monotonic() - started:.1f} s{f', its web UI is {url}' if url else ''}")
        names = [child.name for child in children]
        return TemporalServer(address, url, _supervisor=supervisor, _children=names, _end=end.pop_all())


def _existing(address: str, time_skipping: bool, say: Say) -> TemporalServer:
    version = server_version(address)
    if version is None:
        raise SandboxError(
            f"No Temporal server with a namespace `{NAMESPACE}` answers at TEMPORAL_ADDRESS={address}: "
            "start it, or unset the variable to get a server of our own."
        )
    if time_skipping and parse_version(version) < OLDEST_WITH_TIME_SKIPPING:
        raise SandboxError(
            f"The server at TEMPORAL_ADDRESS={address} is {version}, and skipping time needs 1.32 or newer: "
            "unset the variable."
        )
    say(f"Using the Temporal server {version} at TEMPORAL_ADDRESS={address}")
    return TemporalServer(address, None)


def _cli(data_dir: Path, time_skipping: bool, say: Say, cache: Path) -> Path | None:
    if database(data_dir).exists():
        return None
    return cli_on_path(time_skipping=time_skipping, say=say) or (
        None if is_cached(SERVER, cache) else cli_from_sdk(time_skipping=time_skipping, say=say, cache=cache)
    )


def _official(
    data_dir: Path, ports: Mapping[str, int], cache: Path, build: Build, say: Say, *, time_skipping: bool, ui: bool
) -> list[ChildSpec]:
    address = f"{HOST}:{ports['frontend']}"
    server = cached_program(SERVER, say=say, cache=cache, build=build)
    config = write_server_config(data_dir, ports, time_skipping=time_skipping)
    children = [
        ChildSpec(
            name="temporal",
            argv=[str(server), "--config-file", str(config), "--allow-no-auth", "start"],
            log=data_dir / "temporal.log",
            env=SERVER_ENV,
            ready=lambda: server_version(address, create_namespace=True) is not None,
            ready_within=READY_WITHIN,
        )
    ]
    if ui:
        program = cached_program(UI, say=say, cache=cache, build=build)
        folder = write_ui_config(data_dir, address, ports["ui"])
        children.append(
            ChildSpec(
                name="temporal-ui",
                argv=[
                    str(program),
                    "--root",
                    str(folder.parent),
                    "--config",
                    folder.name,
                    "--env",
                    "development",
                    "start",
                ],
                log=data_dir / "temporal-ui.log",
                ready=lambda: ui_serves(ports["ui"]),
                ready_within=READY_WITHIN,
            )
        )
    return children
