"""What comes on stdin: a file as a whole, a pipe line by line while it stays open."""

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator

from service.records import as_text

_CHUNK = 1 << 16


def is_open_end() -> bool:
    """Whether stdin is a pipe, a socket or a terminal, in which more may come."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError):  # there is none, or it is a test's
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)


async def lines() -> AsyncIterator[list[str]]:
    """The lines that have come since the last time; waits while none has. Ends when the other side closes."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    rest = b""
    try:
        while chunk := await reader.read(_CHUNK):
            *complete, rest = (rest + chunk).split(b"\n")
            if complete:
                yield [as_text(line) for line in complete]
        if rest:
            yield [as_text(rest)]
    finally:
        transport.close()
