"""Ends a program in order, whether Ctrl-C or SIGTERM asks for it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stopped(threading.Event):
    """Set when somebody asked the program to end."""


@contextmanager
def until_stopped() -> Iterator[Stopped]:
    """Turns Ctrl-C and SIGTERM into an event while the block runs. Only in the main thread.

    Until the block waits for the event, a signal interrupts it like Ctrl-C, so that a slow start can be ended too.
    """
    stopped = _Stopped()
    before = {number: signal.signal(number, stopped.take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Stopped(Stopped):
    def __init__(self) -> None:
        super().__init__()
        self._waiting = False

    def wait(self, timeout: float | None = None) -> bool:
        self._waiting = True
        return super().wait(timeout)

    def take(self, _number: int, _frame: FrameType | None) -> None:
        self.set()
        if not self._waiting:
            raise KeyboardInterrupt
