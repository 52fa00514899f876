"""Where events are sent: added, listed, removed, rotated and replayed."""

import inspect
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli.console import as_called, one_sentence, told
from cli.options import AsJson
from domain.event_shapes import PAYLOADS, schema
from runtime.books import opened_ledger
from runtime.settings import load_settings
from service.endpoints import Endpoints, Shown

endpoints = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Say where events are sent (docs/events.md).",
    rich_markup_mode=None,
)

Id = Annotated[str, typer.Argument(metavar="ENDPOINT", help="Its id: `endpoints list` shows it.", show_default=False)]


@endpoints.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Where events are posted to, by https.", show_default=False)],
    types: Annotated[list[str] | None, typer.Option("--type", help="Only events of this type; several times.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add an endpoint. It gets what happens from now on. Its secret is shown once."""
    with _opened() as book:
        endpoint_id, secret = book.add(url, types or ())
    told(as_json, f"{endpoint_id}  {secret}", endpoint_id=endpoint_id, secret=secret)


@endpoints.command("list")
def listed(as_json: AsJson = False) -> None:
    """List the endpoints, oldest first, and whether they take what they are sent."""
    with _opened() as book:
        found = book.all()
        if not found and not as_json:
            print(as_called("There is no endpoint yet: python starter.py endpoints add URL adds one."))
        for one in found:
            print(one.model_dump_json() if as_json else _line(one))


@endpoints.command("remove")
def remove(endpoint_id: Id, as_json: AsJson = False) -> None:
    """Send nothing there any more."""
    with _opened() as book:
        book.remove(endpoint_id)
    told(as_json, f"{endpoint_id}: gets no more events", endpoint_id=endpoint_id, removed=True)


@endpoints.command("rotate")
def rotate(
    endpoint_id: Id,
    grace: Annotated[int, typer.Option(min=0, help="Hours for which the old secret signs as well.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Make a new secret in place of the present one."""
    with _opened() as book:
        secret = book.rotate(endpoint_id, timedelta(hours=grace))
    told(as_json, secret, endpoint_id=endpoint_id, secret=secret)


@endpoints.command("replay")
def replay(
    endpoint_id: Id,
    since: Annotated[datetime, typer.Option(help="From when on, UTC.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Send all that happened since then once more, and enable the endpoint."""
    with _opened() as book:
        sent = book.replay(endpoint_id, since.replace(tzinfo=UTC))
    told(as_json, f"{endpoint_id}: {sent} events are sent again", endpoint_id=endpoint_id, sent_again=sent)


@endpoints.command("types")
def types(as_json: AsJson = False) -> None:
    """List the types of events; with --json their JSON Schema."""
    if as_json:
        print(json.dumps(schema(), indent=2))
        return
    for name, payload in PAYLOADS.items():
        print(f"{name:<32} {' '.join((inspect.getdoc(payload) or '').split())}")


@contextmanager
def _opened() -> Iterator[Endpoints]:
    with one_sentence():
        settings = load_settings()
        with opened_ledger(settings) as ledger:
            yield Endpoints(ledger, lambda: datetime.now(UTC), private=settings.dunning_outbox_private)


def _line(one: Shown) -> str:
    state = "works"
    if one.disabled_at:
        state = f"disabled {one.disabled_at:%Y-%m-%d %H:%M}"
    elif one.failing_since:
        state = f"fails since {one.failing_since:%Y-%m-%d %H:%M}"
    gets = ", ".join(one.types) if one.types else "every type"
    left = f"{one.waiting} wait" + (f", {one.given_up} given up" if one.given_up else "")
    note = f": {one.note}" if one.note else ""
    return f"{one.endpoint_id}  {one.url}  {gets}  {left}  {state}{note}"
