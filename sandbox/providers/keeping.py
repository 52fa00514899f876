"""The state of a world in a file, so that a world that is started again goes on where it was.

A pickle of our own objects, read back from our own data folder: no format to rely on. One that another release wrote
may be unreadable; then the world begins empty, and says so.
"""

import io
import os
import pickle
import threading
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from sandbox.providers.world import ProviderWorld

_PARTS = ("journal", "faults", "outbox", "stripe", "sendgrid", "twilio", "merchant", "agency")
_KEPT = ("journal", "stripe", "sendgrid", "twilio", "merchant", "agency")
"""Faults and webhooks under way end with the world."""
_LOCK = type(threading.RLock())
_KEY = EllipticCurvePrivateKey


class Keeper:
    """Keeps one world's state, and whatever belongs to it."""

    def __init__(self, world: ProviderWorld, file: Path) -> None:
        self._file = file
        self._named: dict[str, Any] = {"world": world, "clock": world.journal.clock}
        self._named |= {part: getattr(world, part) for part in _PARTS}
        # A signing key is the new world's own.
        for part in _KEPT:
            keys = {name: value for name, value in vars(getattr(world, part)).items() if isinstance(value, _KEY)}
            self._named |= {f"{part}.{name}": value for name, value in keys.items()}
        self._names = {id(value): name for name, value in self._named.items()}
        self._lock = world.lock

    def save(self, more: object = None) -> None:
        """Writes all of it, or nothing. `more` may refer to the world and its parts."""
        text = io.BytesIO()
        pickler = pickle.Pickler(text)
        pickler.persistent_id = self._name_of  # type: ignore[method-assign]
        with self._lock:
            pickler.dump(({part: vars(self._named[part]) for part in _KEPT}, more))
        beside = self._file.with_suffix(".new")
        beside.write_bytes(text.getvalue())
        os.replace(beside, self._file)

    def load(self) -> Any:
        """Brings the world to where it was, and returns what was kept with it; None when nothing was kept.

        Raises ValueError when the file cannot be read by this release; the world is as it was then.
        """
        if not self._file.exists():
            return None
        unpickler = pickle.Unpickler(io.BytesIO(self._file.read_bytes()))  # noqa: S301 - as above
        unpickler.persistent_load = self._by_name  # type: ignore[method-assign]
        try:
            parts, more = unpickler.load()
        except Exception as error:
            # A class that was renamed or has gone shows itself in many ways.
            raise ValueError(f"{type(error).__name__} in {self._file.name}") from None
        with self._lock:
            for part, state in parts.items():
                vars(self._named[part]).update(state)
        return more

    def _name_of(self, value: object) -> str | None:
        return "lock" if isinstance(value, _LOCK) else self._names.get(id(value))

    def _by_name(self, name: str) -> object:
        return self._lock if name == "lock" else self._named[name]
