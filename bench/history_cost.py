"""What eight typical cases cost in history events, against the formula 5 + 14 per wake-up + 7 per further effect.

    python -m bench.history_cost

Exits 1 when a case costs more than the formula allows.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from runtime.leaving import leave
from runtime.set_up import register_search_attributes
from runtime.settings import Settings
from runtime.temporal import connect
from sandbox.machine.errors import SandboxError
from sandbox.machine.temporal_server import start_temporal
from sandbox.play.history import HistoryCost, history_cost
from sandbox.play.stage import staged
from sandbox.play.typical import NOBODY_PAYS


async def measure(folder: Path, address: str) -> dict[str, HistoryCost]:
    """Runs the eight cases, one after the other, and counts."""
    await register_search_attributes(await connect(Settings(temporal_address=address)))
    async with staged(address, folder) as stage:
        return {name: history_cost(await (await play(stage)).history()) for name, play in NOBODY_PAYS.items()}


def print_costs(costs: dict[str, HistoryCost]) -> None:
    table = Table(title="History of a case that nobody pays: allowed = 5 + 14 x wake-ups + 7 x further effects")
    table.add_column("case")
    for column in ("wake-ups", "effects", "further", "events", "allowed", "kB"):
        table.add_column(column, justify="right")
    for name, cost in costs.items():
        row = (cost.wakeups, cost.effects, cost.further, cost.events, cost.allowed, round(cost.bytes / 1000))
        table.add_row(name, *map(str, row))
    Console().print(table)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="dunning-bench-") as folder:
        try:
            with start_temporal(data_dir=Path(folder) / "temporal", time_skipping=True, ui=False, say=print) as server:
                costs = asyncio.run(measure(Path(folder), server.address))
        except SandboxError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2
    print_costs(costs)
    return 0 if all(cost.events <= cost.allowed for cost in costs.values()) else 1


if __name__ == "__main__":
    leave(main())
