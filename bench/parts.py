"""What several measurements need: a real server of their own, and processes whose CPU can be read."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from subprocess import Popen

from temporalio.client import Client

from domain.money import Money
from gateways.ports.rows import CaseRow
from runtime.set_up import register_search_attributes
from runtime.settings import ROOT, Settings
from runtime.temporal import connect
from sandbox.machine.errors import SandboxError
from sandbox.machine.processes import ChildSpec, spawn
from sandbox.machine.temporal_server import start_temporal

DUE = Money(amount=2_000, currency="USD")
Measure = Callable[[Path, str, Client], Awaitable[bool]]
"""Measures in a folder, on a server at an address, with a client; whether what was wanted was reached."""


def measured_on_a_server(measure: Measure, *, time_skipping: bool = False) -> int:
    """Runs a measurement on a server of its own. The exit code: 1 when less was reached than wanted, 2 for trouble."""

    async def prepared(folder: Path, address: str) -> bool:
        client = await connect(Settings(temporal_address=address))
        await register_search_attributes(client)
        return await measure(folder, address, client)

    with tempfile.TemporaryDirectory(prefix="dunning-bench-") as name:
        folder = Path(name)
        try:
            with start_temporal(
                data_dir=folder / "temporal", time_skipping=time_skipping, ui=False, say=print
            ) as server:
                return 0 if asyncio.run(prepared(folder, server.address)) else 1
        except SandboxError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2


def python_child(name: str, arguments: Sequence[str], folder: Path, env: Mapping[str, str]) -> "Popen[bytes]":
    """A Python program of the checkout in a process of its own; its output goes to a log in the folder."""
    return spawn(ChildSpec(name, [sys.executable, *arguments], folder / f"{name}.log", env, ROOT))


def cpu_seconds(pid: int) -> float:
    """What a process has used so far, user and system. Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so much of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def open_case_row(invoice_id: str, opened_at: datetime) -> CaseRow:
    """An open case of the customer `cus_1`, as the ledger keeps it."""
    return CaseRow(
        invoice_id=invoice_id,
        customer_id="cus_1",
        policy="standard@1",
        policy_digest="0" * 64,
        amount=DUE,
        remaining=DUE,
        opened_at=opened_at,
        status="open",
        why="retry 1 of 8: the card was declined",
    )
