"""Programs that are built once and kept outside the checkout, in one folder for each version.

Safe when two checkouts build at the same time: a file lock lets one build while the other waits for its result.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from sandbox.machine.errors import SandboxError

Say = Callable[[str], None]
# Seconds between two signs of life while something takes long.
PROGRESS_EVERY = 10.0


@dataclass(frozen=True)
class Program:
    """A Go program at one version. `folder` is its place in the cache, `disk` the free bytes that building it needs."""

    title: str
    folder: str
    binary: str
    package: str
    version_flag: str
    takes: str
    disk: int


class Build(Protocol):
    def __call__(self, program: Program, into: Path, cache: Path, say: Say) -> None:
        """Put `program.binary` into the folder `into`; tools and logs may stay in `cache`. Raises SandboxError."""


def cache_home() -> Path:
    """Where programs are kept: `dunning` in the user's cache folder ($XDG_CACHE_HOME, else ~/.cache)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dunning"


def is_cached(program: Program, cache: Path) -> bool:
    """Whether the program is there, whole, and runs on this machine."""
    return not _what_is_wrong(program, cache / program.folder)


def cached_program(program: Program, *, say: Say, cache: Path, build: Build) -> Path:
    """The path of the program's binary, built first when it is not in the cache or when it is broken there.

    Raises SandboxError when it cannot be built: no network, no disk space, or a build that failed.
    """
    folder = cache / program.folder
    if not _what_is_wrong(program, folder):
        return folder / program.binary
    make_cache_folder(folder)
    with exclusive(folder.with_name(f"{folder.name}.lock"), f"another build of {program.title}", say):
        if wrong := _what_is_wrong(program, folder):
            if (folder / program.binary).exists():
                say(f"In the cache {program.title} is broken ({wrong}): building it again")
            _build(program, folder, cache, say, build)
    return folder / program.binary


def make_cache_folder(folder: Path) -> None:
    """Create a folder in the cache. Raises SandboxError when that or writing there is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder.parent):
            return
    except OSError as error:
        raise SandboxError(
            f"The cache folder {folder} cannot be used ({error.strerror or error}): "
            "make it writable, or choose another with XDG_CACHE_HOME."
        ) from error


@contextmanager
def exclusive(lock: Path, holder: str, say: Say) -> Iterator[None]:
    """Hold a file lock, waiting for whoever holds it; the lock ends with the process, however that ends."""
    started, patience = time.monotonic(), 0.0
    while True:
        try:
            held = FileLock(lock).acquire(timeout=patience, poll_interval=0.2)
            break
        except Timeout:
            say(f"Waiting for {holder}: {time.monotonic() - started:.0f} s")
            patience = PROGRESS_EVERY
    with held:
        yield


def _build(program: Program, folder: Path, cache: Path, say: Say, build: Build) -> None:
    prefix = f".{folder.name}-"
    for abandoned in folder.parent.glob(f"{prefix}*"):  # by a build that was killed: we hold the lock
        shutil.rmtree(abandoned, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder.parent) as fresh:
        built = Path(fresh) / program.binary
        build(program, Path(fresh), cache, say)
        if wrong := _does_not_run(program, built):
            raise SandboxError(f"{program.title} was built but is of no use ({wrong}): remove {folder} and try again.")
        checksum = Path(fresh) / _checksum_name(program)
        checksum.write_text(_sha256(built) + "\n")
        # Two renames are not one: who looks in between sees a wrong checksum, waits for the lock and looks again.
        built.replace(folder / program.binary)
        checksum.replace(folder / checksum.name)


def _what_is_wrong(program: Program, folder: Path) -> str:
    binary = folder / program.binary
    try:
        expected = (folder / _checksum_name(program)).read_text().strip()
        if _sha256(binary) != expected:
            return "its checksum is wrong"
    except OSError:
        return "it is not complete"
    return _does_not_run(program, binary)


def _does_not_run(program: Program, binary: Path) -> str:
    try:
        done = subprocess.run([binary, program.version_flag], capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return "it does not run on this machine"
    return "" if done.returncode == 0 else f"it ends with exit code {done.returncode}"


def _checksum_name(program: Program) -> str:
    return f"{program.binary}.sha256"


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
