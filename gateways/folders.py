"""Files for somebody else, in a folder that is a setting."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from gateways.ports.trouble import ProviderMisuse, ProviderTrouble

# Errors of a folder that pass by themselves once there is room again; the others need somebody.
_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EAGAIN, errno.EMFILE, errno.ENFILE})


def named(folder: Path, name: str, suffix: str) -> Path:
    """The file of an id. An id is never a path: what could lead out of the folder is escaped."""
    return folder / (quote(name, safe=":") + suffix)


def put(path: Path, content: bytes, setting: str) -> None:
    """Puts a whole file in place: a reader sees all of it or nothing, also after a crash. Only its owner may read it.

    `setting` names the folder, which is made when it is missing. Raises ProviderTrouble (no room) or ProviderMisuse.
    """
    with _told(setting):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise


def move(path: Path, to: Path, setting: str) -> None:
    """Moves a whole file within the folder's file system, in one go. Raises as `put` does."""
    with _told(setting):
        os.replace(path, to)


@contextmanager
def _told(setting: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        trouble = ProviderTrouble if error.errno in _PASSING else ProviderMisuse
        raise trouble(f"The folder of {setting} cannot be written ({error.strerror}): check the folder.") from None
