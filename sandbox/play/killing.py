"""kill -9 at random seconds, as an operating system does it: `python -m sandbox.play.demo --kill web,worker,server`."""

import argparse
import threading
from collections.abc import Sequence
from random import Random

from sandbox.machine.errors import SandboxError
from sandbox.machine.program_cache import Say
from sandbox.machine.running import WEB, WORKER, Running

NAMES = {"web": WEB, "worker": WORKER, "server": "temporal"}
"""What can be killed, by its name on the command line."""
_SOONEST, _LATEST = 2.0, 20.0
_LOOKS_AGAIN = 0.05
_DRAWN = 1_000
"""Far more than any run lives to see."""


def victims(text: str) -> tuple[str, ...]:
    """The names of a command line, `web,worker,server`. Raises argparse.ArgumentTypeError."""
    found = tuple(text.split(","))
    if unknown := [name for name in found if name not in NAMES]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} cannot be killed: name some of {','.join(NAMES)}")
    return found


def drawn(victims: Sequence[str], seed: int) -> list[tuple[float, str]]:
    """Who is killed how many seconds after the one before. The same seed draws the same; of two names each comes as
    often as the other."""
    chance = Random(seed)  # noqa: S311 - no secret follows from it
    rounds = [chance.sample(victims, len(victims)) for _ in range(_DRAWN)]
    return [(chance.uniform(_SOONEST, _LATEST), name) for names in rounds for name in names]


class Killing(threading.Thread):
    """Kills while the block runs; each is killed only once it has come up again, and the web process not while it talks
    to somebody on the telephone: they would hang up, and that is another story. `done`: who died, in this order."""

    def __init__(self, here: Running, victims: Sequence[str], seed: int, say: Say) -> None:
        super().__init__(daemon=True)
        self._here = here
        self._victims = victims
        self._plan = drawn(victims, seed)
        self._say = say
        self._over = threading.Event()
        self.done: list[str] = []

    def run(self) -> None:
        supervisor = self._here.supervisor
        for pause, name in self._plan:
            if self._over.wait(pause):
                return
            try:
                supervisor.wait_ready(NAMES[name])
            except SandboxError as error:
                self._say(f"{name} is not killed: {error}")
                continue
            while NAMES[name] == WEB and self._here.world.twilio.voice.talks and not self._over.wait(_LOOKS_AGAIN):
                pass
            self._say(f"kill -9 of {name}, {pause:.1f} s after the last")
            supervisor.kill(NAMES[name])
            self.done.append(name)

    def __enter__(self) -> "Killing":
        if missing := [name for name in self._victims if NAMES[name] not in self._here.supervisor.pids()]:
            raise SandboxError(f"{missing[0]} was not started here and cannot be killed: unset TEMPORAL_ADDRESS.")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
