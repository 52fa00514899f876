"""Keeps a folder to one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sandbox.machine.errors import SandboxError


@contextmanager
def alone(lock: Path, in_use: str) -> Iterator[None]:
    """Holds a lock file while the block runs; the lock ends with the process, however that ends.

    Makes the file's folder. Raises SandboxError: with the sentence `in_use` when somebody else holds the lock, or when
    the folder cannot be used.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        # thread_local: a server may be stopped by another thread than the one that started it.
        held = FileLock(lock, timeout=0, thread_local=False).acquire()
    except Timeout:
        raise SandboxError(in_use) from None
    except OSError as error:
        raise SandboxError(
            f"The data folder {lock.parent} cannot be used ({error.strerror}): make it writable."
        ) from error
    with held:
        yield
