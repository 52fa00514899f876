"""TCP ports on this machine: free ones, remembered ones, and whether one is taken."""

import json
import os
import random
import socket
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.machine.errors import SandboxError

HOST = "127.0.0.1"
# Below the range from which Linux and macOS take the ports of outgoing connections: a server that is restarted must
# find its port free.
_RANGE = range(20_000, 32_000)
# A port is only taken when its server listens, seconds after it was chosen: so each process chooses in a part of the
# range of its own. At random in all of it, two test processes met in about one run of 150.
_PART = 100
_LATELY: deque[int] = deque(maxlen=_PART // 2)
"""Ports that this process has chosen last: of these, too, some have no server yet."""


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def is_open(port: int, host: str = HOST) -> bool:
    """Whether a server listens on the port."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    """So many different free ports, chosen at random so that two checkouts rarely choose the same."""
    first = os.getpid() * _PART % len(_RANGE)
    own, others = _RANGE[first : first + _PART], [*_RANGE[:first], *_RANGE[first + _PART :]]
    # Not for secrets: the numbers only have to differ between two runs.
    chance = random.SystemRandom()
    candidates = [*chance.sample(own, len(own)), *chance.sample(others, len(others))]
    free = (port for port in candidates if port not in _LATELY and is_free(port))
    try:
        ports = [next(free) for _ in range(count)]
    except StopIteration:
        raise SandboxError(f"No {count} free ports between {_RANGE[0]} and {_RANGE[-1]}: end some servers.") from None
    _LATELY.extend(ports)
    return ports


def remembered_ports(file: Path, names: Sequence[str], wanted: Mapping[str, int], grace: float = 2.0) -> dict[str, int]:
    """A port for every name: the wanted one, else the one in the JSON file, else a free one; written to the file.

    A remembered port that another program has taken since (still after `grace` seconds, in which a server that was just
    killed disappears) is replaced. Raises SandboxError when a wanted port is taken.
    """
    known = {**_read(file), **wanted}
    ports: dict[str, int] = {}
    for name in names:
        port = known.get(name)
        if port is not None and _becomes_free(port, grace):
            ports[name] = port
        elif name in wanted:
            raise SandboxError(
                f"Port {port} for {name} is taken by another program: end that program or choose another port."
            )
    fresh = iter(free_ports(len(names) - len(ports)))
    ports |= {name: next(fresh) for name in names if name not in ports}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(ports, indent=2) + "\n")
    return ports


def _becomes_free(port: int, grace: float) -> bool:
    until = time.monotonic() + grace
    while not (free := is_free(port)) and time.monotonic() < until:
        time.sleep(0.05)
    return free


def _read(file: Path) -> dict[str, int]:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return {name: port for name, port in found.items() if isinstance(port, int)} if isinstance(found, dict) else {}
