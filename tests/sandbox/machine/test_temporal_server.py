"""The embedded Temporal server: a real one, which survives kill -9 and says plainly why it cannot start."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper

from sandbox.machine.errors import SandboxError
from sandbox.machine.ports import HOST, free_ports, remembered_ports
from sandbox.machine.server_config import PORT_NAMES
from sandbox.machine.supervisor import Supervisor
from sandbox.machine.temporal_server import TemporalServer, start_temporal
from tests.sandbox.machine.test_supervisor import ROOT, wait_for_end


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shared server's data folder."""
    return tmp_path_factory.mktemp("temporal")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[TemporalServer]:
    """A server with web UI and time skipping, shared by the tests that do not mind."""
    with start_temporal(data_dir=folder, time_skipping=True, say=print) as running:
        yield running


@pytest.fixture
def said() -> list[str]:
    return []


async def open_case(server: TemporalServer, workflow_id: str) -> str:
    """Start a workflow that no worker will run, and return its run id."""
    client = await Client.connect(server.address, namespace=server.namespace)
    handle = await client.start_workflow("Case", id=workflow_id, task_queue="nobody")
    return str(handle.first_execution_run_id)


async def run_of(server: TemporalServer, workflow_id: str) -> str:
    client = await Client.connect(server.address, namespace=server.namespace)
    return str((await client.get_workflow_handle(workflow_id).describe()).run_id)


async def test_a_case_survives_kill_9_of_the_server(server: TemporalServer) -> None:
    """The supervisor brings the server back at the same address, and the case is still there."""
    run = await open_case(server, "dunning-in_killed")
    restarts = server.restarts

    dead = server.kill()
    server.wait_ready(within=20)

    assert run == await run_of(server, "dunning-in_killed")
    assert restarts + 1 == server.restarts
    assert dead != server.pids()["temporal"]


async def test_the_web_ui_is_served(server: TemporalServer) -> None:
    """The URL that is printed for the operator opens, and the UI speaks to this server."""
    async with httpx.AsyncClient(base_url=str(server.ui_url), follow_redirects=True) as browser:
        page = await browser.get("/")
        namespaces = await browser.get("/api/v1/namespaces/default")

    assert (200, 200) == (page.status_code, namespaces.status_code)
    assert "default" == namespaces.json()["namespaceInfo"]["name"]


async def test_time_is_skipped_only_where_it_was_asked_for(server: TemporalServer, tmp_path: Path) -> None:
    """Time skipping is experimental: a server that was not asked for it refuses it."""
    with start_temporal(data_dir=tmp_path, time_skipping=False, say=print, ui=False) as plain:
        refused = TimeSkipper(await Client.connect(plain.address)).client
        allowed = TimeSkipper(await Client.connect(server.address)).client

        await allowed.start_workflow("Case", id="dunning-in_skip", task_queue="nobody")
        with pytest.raises(RPCError, match="Time-Skipping feature is not enabled"):
            await refused.start_workflow("Case", id="dunning-in_skip", task_queue="nobody")

    assert plain.ui_url is None


async def test_a_second_start_goes_on_where_the_first_ended(tmp_path: Path, said: list[str]) -> None:
    """Cases survive a stop; the address stays, so that a worker needs no new settings; both run at their own ports."""
    with start_temporal(data_dir=tmp_path, time_skipping=False, say=said.append, ui=False) as first:
        run = await open_case(first, "dunning-in_stopped")
    with start_temporal(data_dir=tmp_path, time_skipping=False, say=said.append, ui=False) as second:
        assert run == await run_of(second, "dunning-in_stopped")

    assert first.address == second.address
    assert {} == second.pids()
    assert f"Starting the Temporal server 1.32.1 on {first.address}" == said[0]


async def test_two_checkouts_run_side_by_side(server: TemporalServer, tmp_path: Path) -> None:
    """Each has its own ports and its own cases; the second shares a supervisor with other children."""
    with (
        Supervisor() as supervisor,
        start_temporal(data_dir=tmp_path, time_skipping=True, say=print, supervisor=supervisor) as other,
    ):
        await open_case(server, "dunning-in_here")

        with pytest.raises(RPCError, match="not found"):
            await run_of(other, "dunning-in_here")
        assert other.pids() == supervisor.pids()
        assert not set(other.pids().values()) & set(server.pids().values())


def test_no_server_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    """After SIGKILL of the demo neither server nor UI stays behind, and the data folder is free again."""
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom sandbox.machine.temporal_server import start_temporal\n"
        "server = start_temporal(data_dir=Path(sys.argv[1]), time_skipping=True, say=lambda line: None)\n"
        "print(*server.pids().values(), flush=True)\ntime.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        children = [int(pid) for pid in parent.stdout.readline().split()]

        os.kill(parent.pid, signal.SIGKILL)

    for child in children:
        wait_for_end(child)
    assert 2 == len(children)


def test_a_folder_is_used_by_one_server(server: TemporalServer, folder: Path) -> None:
    """Two servers on one SQLite file would destroy it: the second is told what to do."""
    with pytest.raises(SandboxError, match=r"Another sandbox runs on the data folder .*: end it, or give this one"):
        start_temporal(data_dir=folder, time_skipping=False, say=print, ui=False)

    assert "temporal" in server.pids()


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """A port that the user chose is not replaced by another."""
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(SandboxError, match=rf"Port {port} for frontend is taken by another program"):
            start_temporal(data_dir=tmp_path, time_skipping=False, say=print, port=port)


def test_a_remembered_port_that_was_taken_since_is_replaced(tmp_path: Path) -> None:
    """Ports stay the same from start to start, as long as nobody else took them."""
    file = tmp_path / "ports.json"
    first = remembered_ports(file, ["frontend", "ui"], {})
    with socket.create_server((HOST, first["ui"])):
        second = remembered_ports(file, ["frontend", "ui"], {}, grace=0)

    assert first["frontend"] == second["frontend"]
    assert first["ui"] != second["ui"]
    assert second == remembered_ports(file, ["frontend", "ui"], {})


def test_a_process_does_not_choose_a_port_again_at_once() -> None:
    """Its server may not listen yet: the web process and the Temporal UI got one port, one time in ten."""
    chosen = [port for _ in range(4) for port in free_ports(10)]

    assert len(chosen) == len(set(chosen))


def test_two_processes_choose_different_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also before the servers listen: of two test processes that start at once one would lose its server."""
    chosen: list[int] = []
    for process in range(4000, 4100):
        monkeypatch.setattr(os, "getpid", lambda here=process: here)
        chosen += free_ports(len(PORT_NAMES))

    assert len(chosen) == len(set(chosen))


def test_the_server_at_temporal_address_is_used(server: TemporalServer, tmp_path: Path, said: list[str]) -> None:
    """Nothing is started, and stopping it ends nothing."""
    with start_temporal(data_dir=tmp_path, time_skipping=True, say=said.append, address=server.address) as existing:
        assert (server.address, None, {}) == (existing.address, existing.ui_url, existing.pids())

    assert [f"Using the Temporal server 1.32.1 at TEMPORAL_ADDRESS={server.address}"] == said
    assert "temporal" in server.pids()
    with pytest.raises(SandboxError, match="was not started here"):
        existing.kill()


@pytest.mark.parametrize("address", [f"{HOST}:{{port}}", "no-port"], ids=["nobody listens", "no port"])
def test_nothing_at_temporal_address_is_told(tmp_path: Path, address: str) -> None:
    """The message names the variable, because that is what the user has to change."""
    address = address.format(port=free_ports(1)[0])
    sentence = (
        f"No Temporal server with a namespace `default` answers at TEMPORAL_ADDRESS={address}: start it, or unset"
    )

    with pytest.raises(SandboxError, match=re.escape(sentence)):
        start_temporal(data_dir=tmp_path, time_skipping=False, say=print, address=address)
