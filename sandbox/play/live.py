"""The demo's progress: a moving view in a terminal, a line per case elsewhere."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sandbox.play.drive import Lead

_SHOWN = 12


class Progress:
    """Shows the cases on their way, and counts those that are done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._leads: Sequence[Lead] = ()
        self._started = time.monotonic()
        self._done: Counter[str] = Counter()

    @contextmanager
    def shown(self) -> Iterator["Progress"]:
        """Shows the view while the block runs."""
        if not self._console.is_terminal:
            yield self
            return
        with Live(get_renderable=self._view, console=self._console, refresh_per_second=4, transient=True):
            yield self

    def begins(self, leads: Sequence[Lead]) -> None:
        self._leads = leads

    def ends(self, lead: Lead) -> None:
        """One case has come to its end, or to the end of the play."""
        self._done["closed" if lead.closed else "open"] += 1
        if not self._console.is_terminal:
            count = f"{self._done.total():>3}/{len(self._leads)}"
            on = f"day {lead.actor.day(lead.now)}" if lead.now else ""
            last = lead.latest
            self._console.print(f"{count} {lead.actor.script.key:<12} {on:<7} {last}", markup=False, highlight=False)

    def _view(self) -> RenderableType:
        total = max(1, len(self._leads))
        head = Table.grid(padding=(0, 1))
        seconds = f"{time.monotonic() - self._started:.0f} s"
        head.add_row(
            f"{self._done.total()} of {total} cases", ProgressBar(total, self._done.total(), width=40), seconds
        )
        rows = Table.grid(padding=(0, 2))
        under_way = [lead for lead in self._leads if lead.now and not lead.done]
        for lead in under_way[:_SHOWN]:
            now = lead.now.astimezone(lead.actor.zone) if lead.now else None
            when = f"{now:%a %d %b %H:%M}" if now else ""
            said = Text(lead.latest, overflow="ellipsis", no_wrap=True)
            rows.add_row(Text(lead.actor.script.key, style="bold"), Text(when, style="dim"), said)
        return Group(head, rows)
