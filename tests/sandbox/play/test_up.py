"""`make up` starts, or says in one sentence why not; it ends in order."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

from runtime.settings import ROOT


def test_a_server_that_does_not_answer_is_told_in_one_sentence(tmp_path: Path) -> None:
    """Exit code 2, no traceback."""
    environment = {**os.environ, "TEMPORAL_ADDRESS": "127.0.0.1:1"}
    argv = [sys.executable, "-m", "sandbox.play.up", "--data", str(tmp_path)]

    ended = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)

    assert 2 == ended.returncode
    assert 1 == len(ended.stderr.splitlines())
    assert "TEMPORAL_ADDRESS=127.0.0.1:1" in ended.stderr


def test_up_prints_how_to_start_a_case_and_ends_in_order(tmp_path: Path) -> None:
    """The doctor finds nothing wrong there. SIGTERM ends it with exit code 0, and none of its processes is left."""
    doctor = f". {tmp_path}/env && {sys.executable} starter.py doctor"
    argv = [sys.executable, "-m", "sandbox.play.up", "--data", str(tmp_path)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        said = []
        for line in running.stdout:
            said.append(line)
            if line.startswith("Ctrl-C"):
                break
        children = _children(running.pid)
        found = subprocess.run(["sh", "-c", doctor], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)  # noqa: S607
        running.send_signal(signal.SIGTERM)
        said += running.stdout.readlines()

    assert 0 == running.returncode
    assert (0, []) == (found.returncode, [line for line in found.stdout.splitlines() if line.startswith("BAD")])
    assert any(f"starter.py start {tmp_path}/event.json" in line for line in said)
    assert 4 == len(children)  # server, web UI, worker, web process
    assert [] == [child for child in children if Path(f"/proc/{child}").exists()]


def test_a_second_up_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    """Also with TEMPORAL_ADDRESS set, as in a shell that read `env`: the first one's files stay as they are."""
    (tmp_path / "env").write_text("export FIRST=1\n")
    environment = {**os.environ, "TEMPORAL_ADDRESS": "127.0.0.1:1"}
    argv = [sys.executable, "-m", "sandbox.play.up", "--data", str(tmp_path)]
    with FileLock(tmp_path / "up.lock"):
        ended = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)

    assert 2 == ended.returncode
    assert [f"make up runs already on {tmp_path}: use it, or end it first."] == ended.stderr.splitlines()
    assert "export FIRST=1\n" == (tmp_path / "env").read_text()


def test_a_folder_that_cannot_be_made_is_told_in_one_sentence(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").touch()
    argv = [sys.executable, "-m", "sandbox.play.up", "--data", str(tmp_path / "file" / "up")]

    ended = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    assert 2 == ended.returncode
    assert 1 == len(ended.stderr.splitlines())
    assert "cannot be used (Not a directory): make it writable." in ended.stderr


def _children(pid: int) -> list[int]:
    """The processes that a process has started; its threads count as the process."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found
