"""Ctrl-C and SIGTERM end a program that waits, at whatever moment they come."""

import subprocess
import sys

from runtime.settings import ROOT

SIGNAL_AT_EVERY_LINE = """
import signal, sys
from sandbox.machine.stopping import until_stopped

def send(*_):
    signal.raise_signal(signal.SIGTERM)
    return send

with until_stopped() as stop:
    stop.is_ready_to_wait()
    sys.settrace(send)
    stop.wait()
    sys.settrace(None)
"""


def test_a_signal_at_any_moment_of_the_waiting_ends_it() -> None:
    """A handler that takes a lock which the waiting holds would never return."""
    argv = [sys.executable, "-c", SIGNAL_AT_EVERY_LINE]

    assert 0 == subprocess.run(argv, cwd=ROOT, check=False, timeout=20).returncode
