"""The `temporal` command line tool as a server: found on PATH, or fetched by Temporal's SDK."""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import temporalio.service

from sandbox.machine.ports import HOST
from sandbox.machine.processes import ChildSpec, end, spawn
from sandbox.machine.program_cache import PROGRESS_EVERY, Say, exclusive, make_cache_folder
from sandbox.machine.server_config import SERVER_ENV, TIME_SKIPPING
from sandbox.machine.temporal_probe import server_version

OLDEST_WITH_TIME_SKIPPING = (1, 32)
# Seconds in which the download must have begun; without open internet the attempt ends after about one second.
DOWNLOAD_BEGINS_WITHIN = 8.0
DOWNLOAD_WITHIN = 300.0

# The SDK has no call that only downloads: it starts the server too, which is ended at once.
_FETCH = """
import asyncio, sys
from temporalio.testing import WorkflowEnvironment
async def fetch():
    await (await WorkflowEnvironment.start_local(download_dest_dir=sys.argv[1])).shutdown()
asyncio.run(fetch())
"""


def cli_on_path(*, time_skipping: bool, say: Say) -> Path | None:
    """The `temporal` tool on PATH, or None when there is none or its server is too old."""
    found = shutil.which("temporal")
    return _if_new_enough(Path(found), time_skipping, say) if found else None


def cli_from_sdk(*, time_skipping: bool, say: Say, cache: Path) -> Path | None:
    """The tool that the SDK fetches from Temporal's own site, kept in the cache.

    None when that site cannot be reached (known after seconds) or when the tool's server is too old.
    """
    version = temporalio.service.__version__
    folder = cache / "temporal" / f"cli-of-sdk-{version}"
    make_cache_folder(folder)
    with exclusive(folder.with_name(f"{folder.name}.lock"), "another download of the Temporal CLI", say):
        tool = folder / f"temporal-sdk-python-{version}"
        if not tool.exists():
            say("Trying the Temporal SDK's own download of a server")
            _download(folder, say)
            if not tool.exists():
                say(f"The SDK's download is out of reach (log: {folder / 'download.log'})")
                return None
    return _if_new_enough(tool, time_skipping, say)


def cli_child(cli: Path, data_dir: Path, ports: Mapping[str, int], *, time_skipping: bool, ui: bool) -> ChildSpec:
    """The tool's development server as a child process: server and web UI in one, with a SQLite file."""
    argv = [str(cli), "server", "start-dev", "--ip", HOST, "--port", str(ports["frontend"])]
    argv += ["--ui-ip", HOST, "--ui-port", str(ports["ui"])] if ui else ["--headless"]
    argv += ["--db-filename", str(cli_database(data_dir)), "--log-level", "warn"]
    for key, value in TIME_SKIPPING.items() if time_skipping else ():
        argv += ["--dynamic-config-value", f"{key}={json.dumps(value)}"]
    address = f"{HOST}:{ports['frontend']}"
    return ChildSpec(
        name="temporal",
        argv=argv,
        log=data_dir / "temporal.log",
        env=SERVER_ENV,
        ready=lambda: server_version(address) is not None,
        ready_within=60,
    )


def cli_database(data_dir: Path) -> Path:
    """The tool's database; another file than the built server's, because their versions differ."""
    return data_dir / "temporal-cli.db"


def parse_version(text: str) -> tuple[int, ...]:
    """The first `x.y.z` in a text as numbers, (0,) when there is none."""
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    return tuple(int(part) for part in match.groups()) if match else (0,)


def _if_new_enough(cli: Path, time_skipping: bool, say: Say) -> Path | None:
    try:
        said = subprocess.run([cli, "--version"], capture_output=True, text=True, check=False, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    # temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)
    version = parse_version(said.partition("Server")[2])
    if version == (0,):
        say(f"Not using {cli}: it does not tell the version of its server")
        return None
    if time_skipping and version < OLDEST_WITH_TIME_SKIPPING:
        dotted = ".".join(map(str, version))
        say(f"Not using {cli}: its server {dotted} cannot skip time, which needs 1.32 or newer")
        return None
    return cli


def _download(into: Path, say: Say) -> None:
    log = into / "download.log"
    log.unlink(missing_ok=True)
    for abandoned in into.glob("*.downloading"):  # we hold the lock: nobody else writes it
        abandoned.unlink()
    argv = [sys.executable, "-c", _FETCH, str(into)]
    process = spawn(ChildSpec("the download of the Temporal CLI", argv, log))
    started = said = time.monotonic()
    try:
        while process.poll() is None:
            now = time.monotonic()
            begun = any(into.glob("temporal-sdk-*"))
            if now - started > (DOWNLOAD_WITHIN if begun else DOWNLOAD_BEGINS_WITHIN):
                return
            if now - said > PROGRESS_EVERY:
                say(f"Still downloading the Temporal CLI: {now - started:.0f} s")
                said = now
            time.sleep(0.1)
    finally:
        end(process, 1)
