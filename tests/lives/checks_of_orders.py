"""What an operator ordered, asked of a household at its end."""

from collections.abc import Iterator

from sandbox.providers.journal import CHANNELS, LogEntry
from tests.lives.lived import Lived


def orders_hold(lived: Lived) -> Iterator[str]:
    """g. What was skipped is not done, what was recalled is with no agency, and who wants no messages gets none until
    they ask for them."""
    for place, invoice, step in lived.skipped:
        if any(done.invoice == invoice and done.effect.step.key == step for done in lived.done[place:]):
            yield f"{invoice}: {step} was skipped, and done"
    yield from _left_with_an_agency(lived)
    yield from _written_to_again(lived)


def _left_with_an_agency(lived: Lived) -> Iterator[str]:
    """An agency that has reported by itself has closed its file, or had paid: nothing is to be recalled then."""
    for invoice, orders in lived.ordered.items():
        if "recall" not in orders or "agency_reported" in orders:
            continue
        files = [entry for entry in lived.world.log if entry.subjects.get("invoice") == invoice]
        kinds = [entry.kind for entry in files if entry.kind in ("handoff.accepted", "handoff.recalled")]
        if kinds.count("handoff.accepted") != kinds.count("handoff.recalled"):
            yield f"{invoice}: recalled by an operator, and an agency still has it ({', '.join(kinds)})"


def _written_to_again(lived: Lived) -> Iterator[str]:
    """A wish holds for the person, on all their invoices."""
    owners = {held.case.facts.invoice_id: held.case.facts.customer_id for held in lived.cases.values()}
    for place, invoice, channel in lived.wished:
        customer = owners[invoice]
        opened = [at for at, who, which in lived.reopened if (who, which) == (customer, channel) and at >= place]
        for entry in lived.world.log[place : min(opened, default=None)]:
            if CHANNELS.get(entry.kind) == channel and owners.get(_invoice(entry)) == customer:
                yield f"{invoice}: {entry.key} was sent after they had asked for no {channel}"


def _invoice(entry: LogEntry) -> str:
    parts = (entry.key or "").split(":")
    return parts[1] if len(parts) > 1 else ""
