"""The audit of what operators order: a step left out, a try at once, the agency, a channel that is open again."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from sandbox.play.evidence import entry_about, is_ours
from sandbox.providers.journal import CHANNELS, CHARGES, CONTACTS, LogEntry

ORDERS: Mapping[str, str] = {
    "orders_unheeded": "what an operator orders is done, and what they leave out is not",
}


Answers = Callable[[LogEntry, LogEntry], bool]
"""Whether the second entry is what the first one orders."""


def _is_charge(_order: LogEntry, entry: LogEntry) -> bool:
    return entry.kind in CHARGES and is_ours(entry)


def _is_on_channel(order: LogEntry, entry: LogEntry) -> bool:
    return CHANNELS.get(entry.kind) == str(order.data["channel"])


def _is(kind: str) -> Answers:
    return lambda _, entry: entry.kind == kind


_WANTED: Mapping[str, Answers] = {
    "operator_retries": _is_charge,
    "operator_hands_off": _is("handoff.accepted"),
    "operator_recalls": _is("handoff.recalled"),
    "operator_reopens": _is_on_channel,
}


def unheeded(journal: Sequence[LogEntry], invoice: str) -> Iterator[tuple[str, str]]:
    """Promise and sentence of each order after which the providers saw something else than was ordered.

    The script gives no order that a rule stands in the way of.
    """
    mine = [entry for entry in journal if entry_about(entry) == invoice]
    for place, order in enumerate(mine):
        after = mine[place + 1 :]
        wanted = _WANTED.get(order.kind)
        if wanted and not any(wanted(order, entry) for entry in after):
            yield "orders_unheeded", f"nothing came of {order.kind}"
        if order.kind == "operator_skips":
            step = f":{order.data['step']}:"
            for entry in after:
                if entry.kind in CONTACTS and step in f"{entry.key}":
                    yield "orders_unheeded", f"{entry.key} was sent, and an operator had left it out"
