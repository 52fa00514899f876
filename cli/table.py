"""Cases as a table for a terminal."""

from collections.abc import Iterable

from rich.table import Table

from service.cases import Listed

_WIDE = 120


def case_table(cases: Iterable[Listed], width: int) -> Table:
    """With less room it does without policy, opening and what the next step is, which `show` tells.

    Nobody can use an id, an amount or a moment that is cut: all other columns give way to these.
    """
    wide = width >= _WIDE
    table = Table(box=None, pad_edge=False, collapse_padding=not wide)
    table.add_column("Invoice", no_wrap=True)
    table.add_column("Status", overflow="fold")
    table.add_column("Due", no_wrap=True)
    table.add_column("Decline", overflow="fold")
    if wide:
        table.add_column("Policy", overflow="fold")
        table.add_column("Opened", no_wrap=True)
    table.add_column("Next step (UTC)", no_wrap=True)
    for case in cases:
        table.add_row(
            case.invoice_id,
            f"{case.status}: {case.outcome}" if case.outcome else case.status,
            case.due,
            case.decline or "",
            *([case.policy, f"{case.opened_at:%Y-%m-%d}"] if wide else []),
            f"{case.next_step_at:%Y-%m-%d %H:%M}" if case.next_step_at else "",
        )
    return table
