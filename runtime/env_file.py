"""A file of settings, `NAME=value` line by line, as docker compose and a shell read it: one of its lines written."""

import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.settings import SettingsError

_LINE = re.compile(r"^(?P<export>export\s+)?(?P<name>[A-Z_][A-Z0-9_]*)=(?P<value>.*)$")


def require_writable(file: Path) -> None:
    """Raises SettingsError when `put_first` could not write it."""
    with _one_sentence(file), tempfile.NamedTemporaryFile(dir=file.parent):
        if file.exists():
            file.read_text(encoding="utf-8")


def put_first(file: Path, name: str, secret: str) -> None:
    """Writes `secret` in front of those that the setting has already, parted by commas; makes the file if need be.

    The other lines stay as they are. Only its owner may read a file that is made. Raises SettingsError.
    """
    with _one_sentence(file):
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
        _write(file, _with(lines, name, secret), mode)


@contextmanager
def _one_sentence(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise SettingsError(f"{file} cannot be written ({why}): name another file.") from None


def _with(lines: list[str], name: str, secret: str) -> list[str]:
    for number, line in enumerate(lines):
        found = _LINE.match(line)
        if found and found["name"] == name:
            values = [
                secret,
                *(part.strip() for part in "".join(shlex.split(found["value"], comments=True)).split(",")),
            ]
            kept = ",".join(dict.fromkeys(value for value in values if value))
            return [*lines[:number], f"{found['export'] or ''}{name}={shlex.quote(kept)}", *lines[number + 1 :]]
    return [*lines, f"{name}={secret}"]


def _write(file: Path, lines: list[str], mode: int) -> None:
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as beside:
            beside.write("\n".join(lines) + "\n")
        os.chmod(temporary, mode)
        os.replace(temporary, file)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
