"""How many inputs are tried. Ten times as many: `BORDER_TIMES=10 python -m pytest tests/border`."""

import os

_TIMES = int(os.environ.get("BORDER_TIMES", "1"))


def inputs(count: int) -> int:
    """`count`, or as many times that as BORDER_TIMES says: the inputs are the same on every run, and then go on."""
    return count * _TIMES
