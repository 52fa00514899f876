"""Records the histories that later releases must replay: `python -m sandbox.play.record_histories RELEASE`.

Run it once for each release and commit the folder; never record an old release again.
"""

import asyncio
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from runtime.leaving import leave
from runtime.set_up import register_search_attributes
from runtime.settings import ROOT, Settings
from runtime.temporal import connect
from sandbox.machine.errors import SandboxError
from sandbox.machine.temporal_server import start_temporal
from sandbox.play.stage import staged
from sandbox.play.typical import ALL

_OF_THE_MACHINE = frozenset({"stackTrace", "identity"})
_PROCESS = re.compile(r"\b\d+@[\w.-]+")  # a sticky queue is named after its process and host
HISTORIES = ROOT / "tests" / "histories"


async def record(folder: Path, address: str, target: Path) -> None:
    await register_search_attributes(await connect(Settings(temporal_address=address)))
    async with staged(address, folder) as stage:
        for name, play in ALL.items():
            case = await play(stage)
            file = target / f"{re.sub('[^a-z]+', '_', name)}.json"
            history = _without_this_machine(json.loads((await case.handle.fetch_history()).to_json()))
            file.write_text(_PROCESS.sub("recorder", json.dumps(history, indent=1)) + "\n")
            print(f"recorded {file.relative_to(ROOT)}")


def _without_this_machine(node: Any) -> Any:
    """Leaves out what names the recording machine and no replay reads: stack traces and workers' identities."""
    if isinstance(node, dict):
        return {key: _without_this_machine(value) for key, value in node.items() if key not in _OF_THE_MACHINE}
    return [_without_this_machine(value) for value in node] if isinstance(node, list) else node


def main() -> int:
    if len(sys.argv) != 2 or not re.fullmatch(r"\d+\.\d+\.\d+", sys.argv[1]):
        print("usage: python -m sandbox.play.record_histories RELEASE (for example 0.1.0)", file=sys.stderr)
        return 2
    target = HISTORIES / sys.argv[1]
    if target.exists():
        print(f"{target.relative_to(ROOT)} exists: a release's histories are recorded once.", file=sys.stderr)
        return 1
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="dunning-record-") as folder:
        try:
            with start_temporal(data_dir=Path(folder) / "temporal", time_skipping=True, ui=False, say=print) as server:
                asyncio.run(record(Path(folder), server.address, target))
        except SandboxError as error:
            print(f"record: {error}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    leave(main())
