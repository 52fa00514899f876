"""Child processes that never outlive their parent."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.machine.errors import SandboxError

MAX_LOG_BYTES = 20_000_000

# Linux kills the child when its parent ends, SIGKILL of the parent included (PR_SET_PDEATHSIG is option 1). The child
# has to ask for it. A tiny interpreter does, and then becomes the program: Python code between fork and exec
# (`preexec_fn`) can deadlock in a process with threads, and Temporal's SDK always has some.
_DIE_WITH_PARENT = (
    "import ctypes, os, sys; "
    "ctypes.CDLL(None).prctl(1, 9, 0, 0, 0); "
    "os.getppid() == int(sys.argv[1]) or os._exit(1); "
    "os.execvp(sys.argv[2], sys.argv[2:])"
)


@dataclass(frozen=True)
class ChildSpec:
    """A process to run and keep running.

    `env` is added to the parent's environment. `ready` is asked again and again until it is true, for at most
    `ready_within` seconds; without it the child is ready as soon as it runs. `stop_within` is the time in seconds
    between SIGTERM and SIGKILL. `log` receives the child's output; one older file (`.1`) is kept.
    """

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    ready: Callable[[], bool] | None = None
    ready_within: float = 30.0
    stop_within: float = 10.0


def spawn(spec: ChildSpec) -> subprocess.Popen[bytes]:
    """Start the child in its own process group, its output appended to its log.

    The child dies with the *thread* that calls this (that is how Linux defines a parent), so call it from one that
    lives as long as the child should. Elsewhere than on Linux a parent ended by SIGKILL leaves its children behind.

    Raises SandboxError when the program or its folder does not exist, or its log cannot be written.
    """
    argv = list(spec.argv)
    if shutil.which(argv[0]) is None:
        raise SandboxError(f"{spec.name} cannot be started: no program {argv[0]} that can be run.")
    if sys.platform == "linux":
        argv = [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), *argv]
    try:
        spec.log.parent.mkdir(parents=True, exist_ok=True)
        if spec.log.exists() and spec.log.stat().st_size > MAX_LOG_BYTES:
            spec.log.replace(spec.log.with_name(spec.log.name + ".1"))
        with spec.log.open("ab") as log:
            return subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **spec.env},
                cwd=spec.cwd,
                process_group=0,  # Ctrl-C reaches only the parent, which ends its children in order
            )
    except OSError as error:
        raise SandboxError(
            f"{spec.name} cannot be started ({error}): check its program {spec.argv[0]}, its log {spec.log} "
            f"and its folder {spec.cwd or 'here'}."
        ) from error


def signal_group(process: subprocess.Popen[bytes], signum: signal.Signals) -> None:
    """Send a signal to a child and to everything that it started."""
    try:
        os.killpg(process.pid, signum)
    except (ProcessLookupError, PermissionError):  # it is gone already; macOS says the second for a zombie
        return


def end(process: subprocess.Popen[bytes], within: float) -> None:
    """End a child: SIGTERM, then after `within` seconds SIGKILL; returns when it is gone."""
    signal_group(process, signal.SIGTERM)
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        pass
    finally:
        signal_group(process, signal.SIGKILL)
        process.wait()


def last_line(log: Path) -> str:
    """The last line of a log that says something, cut to 300 characters; empty when there is none."""
    try:
        text = log.read_bytes()[-8192:].decode(errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
