"""What became of the calls that were due, for the demo's report."""

from collections import Counter
from collections.abc import Mapping

from rich.table import Table

from sandbox.play.evidence import Evidence

_UNMADE = ("expired", "withdrawn")


def calls_by_end(evidence: Evidence) -> dict[str, int]:
    """Result → how often: of those that were made the stand-ins' telephone knows it, of the others the merchant's
    endpoint was told. `not allowed`: somebody wanted to take one, and was refused."""
    found = Counter(str(entry.data["result"]) for entry in evidence.journal if entry.kind == "phone.called")
    found["not allowed"] = sum(entry.kind == "call_refused" for entry in evidence.journal)
    events = {one.message_id: one.event for one in evidence.told or ()}.values()
    ends = (event["data"]["result"] for event in events if event["type"] == "call.done")
    found.update(end for end in ends if end in _UNMADE)
    return {end.replace("_", " "): count for end, count in sorted(found.items()) if count}


def calls_table(calls: Mapping[str, int]) -> Table:
    table = Table(title="Calls", title_justify="left", header_style="bold")
    table.add_column("what became of them")
    table.add_column("calls", justify="right")
    for end, count in calls.items():
        table.add_row(end, str(count))
    return table
