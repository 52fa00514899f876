"""Whole conversations, before any customer hears them."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from cli.console import UNUSABLE, fail, one_sentence, told
from cli.options import AsJson, Customer, Decline, Opened, PolicyName, moment_or_now
from runtime.previewing import email_sender, not_set_up, press_of
from runtime.previewing import preview as previewing
from runtime.settings import load_settings
from service.preview import Conversation, send_to
from service.preview_page import File, as_text, files_of, lines_of
from service.sample_customers import SAMPLE, sample_customer

ALL = "all"


def preview(
    policy: PolicyName = None,
    segment: Annotated[str | None, typer.Option(help="The customer's segment; the customer's own by default.")] = None,
    language: Annotated[
        str | None, typer.Option(help=f"A language's tag (en, th …), or {ALL}; the customer's own by default.")
    ] = None,
    customer: Customer = SAMPLE,
    decline: Decline = None,
    opened: Opened = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write each message there, and index.html to click through.")
    ] = None,
    send: Annotated[
        str | None, typer.Option("--send-to", metavar="ADDRESS", help="Send the e-mails there, by the real provider.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the whole conversation of an unpaid invoice by a policy, for each class of declines, on every channel.

    Nothing is opened, charged or kept, and no customer is written to. The texts are made as those that are sent.
    """
    at = moment_or_now(opened)
    with one_sentence():
        settings = load_settings()
        sender = email_sender(settings) if send else None
        made = previewing(settings)
        found: list[Conversation] = []
        for each in made.languages if language == ALL else (language,):
            known = sample_customer(customer, each, segment)
            followed = made.policy(policy, known)
            if followed.renewals.on and decline is None:
                found.append(made.before_a_renewal(followed, known, at))
            found += made.conversations(followed, known, at, decline)
            if followed.closing.on and decline is None:
                found.append(made.once_it_is_over(followed, known, at))
        if send and sender:
            count = send_to(send, sender, found)
            typer.echo(f"{count} e-mails sent to {send}", err=True)
    print(not_set_up(settings), file=sys.stderr)
    if out:
        head = f"{settings.merchant_name}: {followed.name}@{followed.version}, from {at:%Y-%m-%d} on"
        with one_sentence():
            _write(out, files_of(found, head, press_of(settings)))
        told(as_json, f"{out / 'index.html'}: {len(found)} conversations", folder=out, conversations=len(found))
    elif as_json:
        for line in lines_of(found):
            print(json.dumps(line, default=str))
    else:
        print("\n\n".join(as_text(each) for each in found))


def _write(folder: Path, files: Iterable[File]) -> None:
    try:
        for file in files:
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
    except OSError as error:
        raise fail(f"{folder} cannot be written ({error.strerror}): name another folder.", UNUSABLE) from None
