"""Connecting the providers: what has to be registered with them."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.console import one_sentence
from cli.options import AsJson
from runtime.connecting import SECRETS, Connected, connect_stripe
from runtime.settings import load_settings

connect = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Connect the providers (docs/connect.md).",
    rich_markup_mode=None,
)


@connect.callback()
def group() -> None:
    """Connect the providers (docs/connect.md)."""


@connect.command("stripe")
def stripe(
    url: Annotated[
        str | None, typer.Option(help="The web process's public address; WEB_PUBLIC_URL by default.")
    ] = None,
    env_file: Annotated[
        Path | None,
        typer.Option("--env-file", metavar="FILE", help="Write the secret there, as .env; else it is shown."),
    ] = None,
    renew: Annotated[
        bool, typer.Option("--renew", help="Make the endpoint anew, with a new secret, and remove the old one.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Register the webhook endpoint at Stripe, for exactly the events that cases need. Safe to repeat.

    An endpoint that is there is changed and not doubled. Stripe shows the secret once, when the endpoint is made.
    """
    with one_sentence():
        done = connect_stripe(load_settings(), url, env_file, renew=renew)
    if as_json:
        print(json.dumps({**done._asdict(), "file": str(done.file) if done.file else None}))
    else:
        print("\n".join(_told(done)))


def _told(done: Connected) -> list[str]:
    did = "was made" if done.made else "was there, and is up to date"
    lines = [f"The endpoint {done.endpoint} {did}: Stripe sends {done.events} types of events to {done.url}"]
    if done.secret:
        lines += ["Set its secret, which Stripe shows only now, and start the web process again:", ""]
        lines += [f"{SECRETS}={done.secret}"]
    elif done.made:
        lines += [f"Its secret stands in {done.file} as {SECRETS}: start the web process again with it."]
    elif not done.known:
        lines += [
            f"{SECRETS} is not set, and Stripe tells a secret only once: copy it from its Dashboard (Developers >"
        ]
        lines[-1] += " Webhooks), or give this command with --renew."
    return lines
