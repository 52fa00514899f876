"""How a program that talks to Temporal ends."""

import logging
import os
import sys
from contextlib import suppress
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """Ends the process with this exit code and without the interpreter's teardown. Close everything before.

    A thread of the Temporal SDK may still be on its way out of a call when the interpreter is torn down, which aborts
    the process (temporalio/sdk-python issue 300): a command that succeeded would end as a crashed one, about every
    twelfth time on a busy machine.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # whoever read it has gone
            stream.flush()
    os._exit(code)
