"""Cases as a table for a terminal."""

from collections.abc import Iterable

from rich.table import Table

from service.cases import Listed

_WIDE = 120
_WIDEST = 160


def case_table(cases: Iterable[Listed], width: int) -> Table:
    """With less room a case takes several lines, and does without policy and opening, which `show` tells.

    Nobody can use an id, an amount or a moment that is cut: all other columns give way to these.
    """
    wide, widest = width >= _WIDE, width >= _WIDEST
    table = Table(box=None, pad_edge=False, collapse_padding=not wide)
    if wide:
        table.add_column("Invoice", no_wrap=True)
        table.add_column("Customer", no_wrap=True)
    else:
        table.add_column("Invoice, customer", no_wrap=True)
    table.add_column("Status", overflow="fold")
    table.add_column("Due now", no_wrap=True)
    table.add_column("Decline", overflow="fold")
    if widest:
        table.add_column("Policy", overflow="fold")
        table.add_column("Opened", no_wrap=True)
    table.add_column("Next step (UTC)", no_wrap=True)
    for case in cases:
        ids = [case.invoice_id, case.customer_id]
        table.add_row(
            *(ids if wide else ["\n".join(ids)]),
            _status(case),
            case.due,
            (case.decline or "").replace("_", " "),  # a long one goes on in the next line, between its words
            *([case.policy, f"{case.opened_at:%Y-%m-%d}"] if widest else []),
            f"{case.next_step_at:%Y-%m-%d %H:%M}" if case.next_step_at else "",
        )
    return table


def _status(case: Listed) -> str:
    said = case.outcome or ", ".join(reason.in_words for reason in case.holds)
    parts = [f"{case.status}: {said}" if said else case.status]
    if case.two_owners:
        parts.append("retried by Stripe too")
    if case.owed_again:
        parts.append("owed again")
    if case.reopened_as:
        parts.append(f"billed anew as {case.reopened_as}")
    if case.reopens:
        parts.append(f"bills anew {case.reopens}")
    if case.refund_due:
        parts.append(f"refund due {case.refund_due}")
    return "; ".join(parts)
