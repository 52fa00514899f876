"""Starts dunning cases from failed invoices, shows them, and takes an operator's orders: the commands are in cli/."""

import gc

from cli.app import app
from runtime.leaving import leave

_OBJECTS = 100_000


def main() -> int:
    # A command loads for most of its time, and what it loads stays: nothing to be collected before much more is made.
    gc.set_threshold(_OBJECTS)
    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    leave(main())
