"""The program behind both entrances: the console script `dunning`, and `starter.py` of a checkout."""

import gc
from typing import NoReturn

from cli.app import app
from runtime.leaving import leave

_OBJECTS = 100_000


def main() -> int:
    """Runs the command that was given; its exit code."""
    # A command loads for most of its time, and what it loads stays: nothing to be collected before much more is made.
    gc.set_threshold(_OBJECTS)
    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def entrance() -> NoReturn:
    """The console script's."""
    leave(main())
