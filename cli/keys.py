"""Keys of the API: made, listed, rotated and revoked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli.console import as_called, one_sentence, told
from cli.options import AsJson
from runtime.books import opened_ledger
from runtime.settings import load_settings
from service.keys import KeyRing, Scope

keys = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Make, list, rotate and revoke keys of the API.",
    rich_markup_mode=None,
)

Days = Annotated[int | None, typer.Option("--days", help="Days that it lasts; without: until it is revoked.")]
KeyId = Annotated[str, typer.Argument(help="The key's id: `keys list` shows it.", show_default=False)]


@keys.command("make")
def make(
    name: Annotated[str, typer.Argument(help="Whose key it is: orders are recorded with it.", show_default=False)],
    scope: Annotated[
        Scope,
        typer.Option(
            help="What it may do: billing opens cases and reports facts; operator gives orders and "
            "reads messages, too; auditor reads everything; privacy reads and erases one customer's data; "
            "admin does everything."
        ),
    ] = Scope.BILLING,
    days: Days = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown once: the ledger keeps only its hash."""
    with _ring() as ring:
        key = ring.make(name, scope, _lasts(days))
    told(as_json, key, key=key)


@keys.command("list")
def listed(as_json: AsJson = False) -> None:
    """List the keys, oldest first."""
    with _ring() as ring:
        found = ring.all()
        if not found and not as_json:
            print(as_called("There is no key yet: python starter.py keys make NAME makes one."))
        for key in found:
            shown = key.model_dump(mode="json", exclude={"digest"})
            ends = key.revoked_at or key.expires_at
            until = f"until {ends:%Y-%m-%d %H:%M}" if ends else "until it is revoked"
            print(json.dumps(shown) if as_json else f"{key.key_id}  {key.scope:<8} {until}  {key.name}")


@keys.command("rotate")
def rotate(
    key_id: KeyId,
    grace: Annotated[int, typer.Option(min=0, help="Hours for which the old key still works.")] = 24,
    days: Days = None,
    as_json: AsJson = False,
) -> None:
    """Make a new key in place of one that stops working after a while."""
    with _ring() as ring:
        key = ring.rotate(key_id, timedelta(hours=grace), _lasts(days))
    told(as_json, key, key=key)


@keys.command("revoke")
def revoke(key_id: KeyId, as_json: AsJson = False) -> None:
    """Let a key work no more, from this moment on."""
    with _ring() as ring:
        ring.revoke(key_id)
    told(as_json, f"{key_id}: works no more", key_id=key_id, revoked=True)


@contextmanager
def _ring() -> Iterator[KeyRing]:
    with one_sentence(), opened_ledger(load_settings()) as ledger:
        yield KeyRing(ledger, lambda: datetime.now(UTC))


def _lasts(days: int | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)
