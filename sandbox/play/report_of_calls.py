"""What became of the calls that were due, for the demo's report."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from rich.table import Table

from sandbox.play.evidence import Evidence

_UNMADE = ("expired", "withdrawn")


class Ended(NamedTuple):
    """How often calls ended so."""

    by_people: int
    automatic: int


def calls_by_end(evidence: Evidence) -> dict[str, Ended]:
    """Result → how often: of those that were made the stand-ins' telephone knows it, of the others the merchant's
    endpoint was told. `not allowed`: somebody wanted to take one, and was refused; `left out`: none was even put into
    the queue."""
    made = [entry for entry in evidence.journal if entry.kind == "phone.called"]
    automatic = Counter(str(entry.data["result"]) for entry in made if entry.data.get("automatic"))
    others = Counter(str(entry.data["result"]) for entry in made if not entry.data.get("automatic"))
    others["not allowed"] = sum(entry.kind == "call_refused" for entry in evidence.journal)
    events = list({one.message_id: one.event for one in evidence.told or ()}.values())
    ends = (event["data"]["result"] for event in events if event["type"] == "call.done")
    others.update(end for end in ends if end in _UNMADE)
    left_out = (event for event in events if event["type"] == "step.refused" and event["data"]["kind"] == "call")
    others["left out"] = sum(1 for _ in left_out)
    found = {end: Ended(others[end], automatic[end]) for end in sorted({*others, *automatic})}
    return {end.replace("_", " "): counts for end, counts in found.items() if any(counts)}


def calls_table(calls: Mapping[str, Ended]) -> Table:
    table = Table(title="Calls", title_justify="left", header_style="bold")
    table.add_column("what became of them")
    table.add_column("people's", justify="right")
    table.add_column("automatic", justify="right")
    for end, counts in calls.items():
        table.add_row(end, *(str(count or "") for count in counts))
    return table
