"""Arguments and options that several commands have."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

import typer

Invoice = Annotated[
    str, typer.Argument(help="The invoice: its id (in_…), its number, or its case's workflow id.", show_default=False)
]
Note = Annotated[str, typer.Option(help="Why; kept with the case. No personal data.")]
By = Annotated[str, typer.Option(help="Who gives the order.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]

_DAYS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]
_UNTIL = "2026-12-01 (its beginning in UTC) or 2026-12-01T09:00+07:00; without it until resumed."
Until = Annotated[datetime | None, typer.Option(formats=_DAYS, metavar="DATE", help=_UNTIL)]


def in_utc(moment: datetime | None) -> datetime | None:
    """The moment that a user wrote; without a time zone it is in UTC."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def new_event_id() -> str:
    """An id for a report that came without one."""
    return f"operator-{uuid4().hex}"
