"""What came in by webhook, and whether it was taken."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.console import as_called, one_sentence, told
from cli.options import AsJson
from runtime.books import opened_ledger
from runtime.settings import load_settings
from service.inbox_list import InboxShelf, Shown

_PAGE = 50


def inbox(
    refused: Annotated[bool, typer.Option("--refused", help="Only what somebody has to look at.")] = False,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what has not been taken yet.")] = False,
    again: Annotated[str | None, typer.Option(metavar="EVENT", help="Try the event with this id at once.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = _PAGE,
    after: Annotated[int, typer.Option(metavar="PLACE", help="Go on after the page that ended there.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List what came in by webhook, oldest first, or try one event again. It asks the ledger alone."""
    state = "refused" if refused else "waiting" if waiting else None
    with one_sentence(), opened_ledger(load_settings()) as ledger:
        shelf = InboxShelf(ledger, lambda: datetime.now(UTC))
        if again:
            shelf.try_again(again)
            told(as_json, f"{again}: is tried again as soon as the web process looks", event_id=again, again=True)
            return
        shown, more = shelf.page(state, after, limit)
    for one in shown:
        print(one.model_dump_json() if as_json else _line(one))
    if not shown and not as_json:
        print("There is no such event.")
    if more:
        sys.stdout.flush()
        chosen = f" --{state}" if state else ""
        print(as_called(f"There are more: python starter.py inbox{chosen} --after {more}"), file=sys.stderr)


def _line(one: Shown) -> str:
    became = one.result or f"waits until {one.next_try:%Y-%m-%d %H:%M:%S}, {one.attempts} tries failed"
    of = f" of {one.invoice_id}" if one.invoice_id else ""
    why = f": {one.note}" if one.note else ""
    return f"{one.at:%Y-%m-%d %H:%M:%S}  {one.provider:<8} {one.kind}{of} ({one.event_id})  {became}{why}"
