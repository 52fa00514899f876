"""Where events are sent: added, listed, changed, tried, disabled, removed, rotated and replayed."""

import inspect
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli.console import REFUSED, as_called, one_sentence, run, told
from cli.options import AsJson
from domain.event_shapes import PAYLOADS, schema
from runtime.books import opened_ledger
from runtime.event_post import event_post
from runtime.settings import Settings, load_settings
from service.endpoints import GIVEN_UP, WAITING, Answer, DeliveryRow, Endpoints, Shown, Trial
from service.threads import Threads

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
            _say(one, as_json)


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


@endpoints.command("change")
def change(
    endpoint_id: Id,
    url: Annotated[str | None, typer.Option(help="Another address.", show_default=False)] = None,
    types: Annotated[list[str] | None, typer.Option("--type", help="Only events of this type; several times.")] = None,
    every_type: Annotated[bool, typer.Option("--every-type", help="Events of every type.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give an endpoint another address, or other types. Its secret stays."""
    with _opened() as book:
        _say(book.change(endpoint_id, url, [] if every_type else types or None), as_json)


@endpoints.command("disable")
def disable(endpoint_id: Id, as_json: AsJson = False) -> None:
    """Send nothing there until it is enabled. What waits is given up."""
    with _opened() as book:
        _say(book.disable(endpoint_id), as_json)


@endpoints.command("enable")
def enable(endpoint_id: Id, as_json: AsJson = False) -> None:
    """Send what happens from now on there again. A replay also sends what it has missed."""
    with _opened() as book:
        _say(book.enable(endpoint_id), as_json)


@endpoints.command("deliveries")
def deliveries(
    endpoint_id: Id,
    given_up: Annotated[bool, typer.Option("--given-up", help="Only what was given up.")] = False,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what waits.")] = False,
    after: Annotated[int, typer.Option(min=0, help="The number that was printed last.")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what was sent there, oldest first, with the last error."""
    state = GIVEN_UP if given_up else WAITING if waiting else None
    with _opened() as book:
        found, _ = book.deliveries(endpoint_id, state, after, limit)
    for one in found:
        print(one.model_dump_json() if as_json else _delivery(one))


@endpoints.command("test")
def tried(endpoint_id: Id, as_json: AsJson = False) -> None:
    """Send one event that tells of nothing, now. Exit code 1: it was not taken."""

    async def work(settings: Settings) -> Answer:
        with opened_ledger(settings) as ledger, closing(Threads(1, "test")) as threads:
            async with event_post(settings) as post:
                return await Trial(ledger, post, threads, lambda: datetime.now(UTC)).send(endpoint_id)

    answer = run(work)
    said = f"{endpoint_id}: took it" if answer.taken else f"{endpoint_id}: did not take it. {answer.why}"
    told(as_json, said, endpoint_id=endpoint_id, taken=answer.taken, why=answer.why)
    if not answer.taken:
        raise typer.Exit(REFUSED)


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


def _say(one: Shown, as_json: bool) -> None:
    print(one.model_dump_json() if as_json else _line(one))


def _delivery(one: DeliveryRow) -> str:
    tried = f", {one.attempts} failed" if one.attempts else ""
    note = f": {one.note}" if one.note else ""
    return f"{one.number}  {one.at:%Y-%m-%d %H:%M}  {one.invoice_id}  {one.type}  {one.state}{tried}{note}"


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
