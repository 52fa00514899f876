"""Ends a program in order, whether Ctrl-C or SIGTERM asks for it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType


class Stop:
    """What a signal asks for."""

    def __init__(self) -> None:
        # Not an Event: a signal that comes while `wait` holds the Event's lock would wait for that lock for ever.
        self._asked: SimpleQueue[int] = SimpleQueue()
        self._ready = False

    def is_ready_to_wait(self) -> None:
        """From now on a signal ends `wait`; until then it interrupts the program like Ctrl-C."""
        self._ready = True

    def wait(self) -> None:
        """Returns when a signal has come."""
        self.is_ready_to_wait()
        self._asked.get()

    def take(self, number: int, _frame: FrameType | None) -> None:
        self._asked.put(number)
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
