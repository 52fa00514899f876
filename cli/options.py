"""Arguments and options that several commands have."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

import typer

from cli.console import UNUSABLE, fail

Invoice = Annotated[
    str, typer.Argument(help="The invoice: its id (in_…), its number, or its case's workflow id.", show_default=False)
]
Note = Annotated[str, typer.Option(help="Why; kept with the case. No personal data.")]
By = Annotated[str, typer.Option(help="Who gives the order.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]

_MOMENT = "2026-12-01 (its beginning in UTC) or 2026-12-01T09:00+07:00"
Until = Annotated[str | None, typer.Option(metavar="DATE", help=f"{_MOMENT}; without it until resumed.")]
PolicyName = Annotated[
    str | None, typer.Option("--policy", help="A policy's name, or its YAML file; by default that of the segment.")
]
Customer = Annotated[str, typer.Option(metavar="FILE", help="A YAML or JSON file with a customer, or `sample`.")]
Decline = Annotated[str | None, typer.Option(metavar="CODE", help="The bank's answer, such as expired_card.")]
Opened = Annotated[
    str | None, typer.Option(metavar="DATE", help="When the payment failed (of sent invoices: the due date); now.")
]


def moment(written: str | None) -> datetime | None:
    """The moment that a user wrote; without a time zone it is in UTC. Ends the program with a sentence otherwise."""
    if written is None:
        return None
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise fail(f"{written} is not a date: write it like {_MOMENT}.", UNUSABLE) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def moment_or_now(written: str | None) -> datetime:
    """As `moment`; without one it is now."""
    return moment(written) or datetime.now(UTC)


def new_event_id() -> str:
    """An id for a report that came without one."""
    return f"operator-{uuid4().hex}"
