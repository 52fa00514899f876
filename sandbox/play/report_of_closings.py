"""What was told once cases were over, for the demo's report."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.table import Table

from sandbox.play.evidence import closing_of
from sandbox.providers.journal import CHANNELS, LogEntry

Told = Mapping[str, tuple[str, ...]]
"""Channel → the ends that were told there, in their order."""


def told_at_the_end(messages: Sequence[LogEntry]) -> dict[str, tuple[str, ...]]:
    """Of one case."""
    told: dict[str, tuple[str, ...]] = {}
    for entry in messages:
        channel = CHANNELS[entry.kind]
        told[channel] = (*told.get(channel, ()), (closing_of(entry) or "").replace("-", "_"))
    return told


def closings_table(cases: Sequence[Told]) -> Table:
    """Of all cases."""
    told = Counter((end, channel) for case in cases for channel, ends in case.items() for end in ends)
    table = Table(title="What was told once it was over", title_justify="left", header_style="bold")
    table.add_column("end")
    channels = [channel for channel in CHANNELS.values() if any(where == channel for _, where in told)]
    for channel in channels:
        table.add_column(channel, justify="right")
    for end in dict.fromkeys(end for end, _ in told):
        table.add_row(end.replace("_", " "), *(str(told[end, channel] or "") for channel in channels))
    return table
