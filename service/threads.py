"""Threads for calls that block, beside the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """As many as calls may overlap. The loop's own (`asyncio.to_thread`) are six on a machine with two cores."""

    def __init__(self, count: int, name: str) -> None:
        self.count = count
        self._executor = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        here = copy_context()  # which request it is for, and of which trace
        work = partial(here.run, call, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        """Waits for the calls in hand; no others begin."""
        self._executor.shutdown(cancel_futures=True)
