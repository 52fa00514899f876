"""`make demo KEEP=1` leaves the same settings for another shell as `make up`."""

import signal
import subprocess
from pathlib import Path

from runtime.settings import ROOT
from sandbox.machine.environment import stand_in_environment, write_environment
from sandbox.machine.stopping import Stop
from sandbox.play import demo
from sandbox.play.place import shown
from sandbox.providers.world import ProviderWorld


def test_a_demo_that_is_kept_leaves_the_settings_of_make_up(tmp_path: Path) -> None:
    """Before it says so, and until it is told to stop; a shell reads from the file what the worker has."""
    kept, up = tmp_path / "demo", tmp_path / "up"
    for folder in (kept, up):
        folder.mkdir()
    with ProviderWorld() as world:
        environment = stand_in_environment("127.0.0.1:7233", world, tmp_path / "a folder")
    said: list[str] = []
    stop = Stop()
    stop.is_ready_to_wait()
    stop.take(signal.SIGTERM, None)

    demo.stay(environment, kept, stop, said.append)

    assert [f"Its settings for another shell: . {kept / 'env'}", "Everything stays up until Ctrl-C."] == said
    assert write_environment(environment, up).read_text() == (kept / "env").read_text()
    read = subprocess.run(
        ["/bin/sh", "-c", f". {kept / 'env'}; env"], env={}, capture_output=True, text=True, check=True, timeout=30
    )
    assert set(environment.items()) <= {tuple(line.split("=", 1)) for line in read.stdout.splitlines()}
    assert "MERCHANT_CONTACT" in environment


def test_a_path_is_shown_as_it_is_typed(tmp_path: Path) -> None:
    assert ["var/demo/env", str(tmp_path)] == [str(shown(path)) for path in (ROOT / "var/demo/env", tmp_path)]
