"""kill -9 of worker and server while everything starts: it comes up all the same."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.machine.patience import connected
from sandbox.machine.running import WORKER, running


@dataclass
class Killer:
    """Hears what the sandbox says. Kills server and web UI before the search attributes are there, and both of them and
    the worker again when that has just begun to start."""

    folder: Path
    killed: list[str] = field(default_factory=list)

    def __call__(self, said: str) -> None:
        if said.startswith("Temporal is ready"):
            self._kill("--")
            threading.Thread(target=self._kill_all, daemon=True).start()

    def _kill_all(self) -> None:
        while not list(self._children("worker.py")):
            pass  # the process is there a moment later
        self._kill("worker.py")
        self._kill("--")

    def _kill(self, word: str) -> None:
        for pid in self._children(word):
            os.killpg(pid, signal.SIGKILL)
        self.killed.append(word)

    def _children(self, word: str) -> Iterator[int]:
        """Processes below this one that work on the folder, with such a word in their command line."""
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended meanwhile
                parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
                command, environment = ((process / name).read_bytes() for name in ("cmdline", "environ"))
                ours = os.fsencode(self.folder) in command + environment
                if parent == os.getpid() and ours and word.encode() in command:
                    yield int(process.name)


def test_worker_and_server_die_while_everything_starts(tmp_path: Path) -> None:
    """Any second is any second, those before the first case too."""
    killer = Killer(tmp_path)

    with running(tmp_path, time_skipping=True, say=killer) as system:
        client = asyncio.run(connected(system.settings))
        restarts = dict(system.supervisor.restarts)

    assert ["--", "worker.py", "--"] == killer.killed
    assert "default" == client.namespace
    assert restarts[WORKER] >= 1
    assert restarts["temporal"] >= 2
