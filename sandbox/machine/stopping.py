"""Ends a program in order, whether Ctrl-C or SIGTERM asks for it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """What a signal asks for."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._ready = False

    def is_ready_to_wait(self) -> None:
        """From now on a signal ends `wait`; until then it interrupts the program like Ctrl-C."""
        self._ready = True

    def wait(self) -> None:
        """Returns when a signal has come."""
        self.is_ready_to_wait()
        self._asked.wait()

    def take(self, _number: int, _frame: FrameType | None) -> None:
        self._asked.set()
        if not self._ready:
            raise KeyboardInterrupt


@contextmanager
def until_stopped() -> Iterator[Stop]:
    """Takes Ctrl-C and SIGTERM alike while the block runs. Only in the main thread."""
    stop = Stop()
    before = {number: signal.signal(number, stop.take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
