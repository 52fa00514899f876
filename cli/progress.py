"""What a person at a terminal sees while long work goes on; a program sees nothing of it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def working(what: str) -> Iterator[Callable[[], None]]:
    """Shows what is being done and, of work in pieces, how many are done: call what is yielded for each."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console  # noqa: PLC0415 - takes a tenth of a second, which no program needs
    from rich.progress import Progress, SpinnerColumn, TextColumn  # noqa: PLC0415 - as above

    shown = TextColumn("{task.description} {task.completed:.0f}", markup=False)
    with Progress(SpinnerColumn(), shown, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda: progress.advance(task)


@contextmanager
def counting() -> Iterator[Callable[[str, int, int], None]]:
    """Shows how much of a known amount is done: call what is yielded with the work in words, what is done, and all."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415 - as above

    shown = TextColumn("{task.description}", markup=False)
    with Progress(shown, BarColumn(), MofNCompleteColumn(), console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("")
        yield lambda what, done, total: progress.update(task, description=what, completed=done, total=total)
