"""Conversations as files: each message by itself, and one page to click through that needs no network."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any, NamedTuple

from domain.steps import CHANNEL_NAMES
from gateways.ports.messages import Press, Rendered
from service.preview import Conversation, Form, Told
from service.preview_html import PAGE


class File(NamedTuple):
    """One file: its path below the folder that it is written to, and its text."""

    path: str
    content: bytes


def files_of(conversations: Sequence[Conversation], head: str, press: Callable[[], Press]) -> Iterator[File]:
    """The page `index.html`, and every message as a file of its own; the letters that go out as PDF, too. `head`: what
    was tried, in one line. `press` is asked for where there are letters. Raises as `Press.printed`."""
    yield File("index.html", _page(conversations, head, press).encode())
    for conversation in conversations:
        folder = f"{conversation.language}/{conversation.name}"
        for number, told in enumerate(conversation.messages, start=1):
            for form in told.forms:
                yield from _files(f"{folder}/{number:02}-{told.at:%Y-%m-%d}-{form.channel}-{told.stage}", form, press)


def lines_of(conversations: Sequence[Conversation]) -> Iterator[dict[str, Any]]:
    """Every message on every channel, for a program."""
    for each in conversations:
        for told in each.messages:
            about = {"conversation": each.name, "language": each.language, "at": told.at, "stage": told.stage}
            for form in told.forms:
                yield about | _form(form) | {"channel": form.channel.value}


def as_text(each: Conversation) -> str:
    """What goes out of one conversation, as a terminal shows it."""
    count = f"{len(each.messages)} message{'' if len(each.messages) == 1 else 's'}"
    parts = [f"{each.title}, in {each.language}: {count} (all times in {each.zone})"]
    for told in each.messages:
        found = told.sent.rendered
        lines = [f"Subject: {found.subject}", ""] if found and found.subject else []
        lines += found.text.strip().splitlines() if found else [told.sent.note]
        head = f"{told.at:%Y-%m-%d %H:%M}  {CHANNEL_NAMES[told.sent.channel]}, {told.stage}"
        parts += ["", head, *(f"  {line}".rstrip() for line in lines)]
    return "\n".join(parts)


def _files(path: str, form: Form, press: Callable[[], Press]) -> Iterator[File]:
    found = form.rendered
    if found is None:
        return
    subject = f"Subject: {found.subject}\n\n" if found.subject else ""
    yield File(f"{path}.txt", f"{subject}{found.text}".encode())
    if found.html:
        yield File(f"{path}.html", found.html.encode())
    if found.letter and form.planned:
        yield File(f"{path}.pdf", press().printed(found.letter).pdf)


def _page(conversations: Sequence[Conversation], head: str, press: Callable[[], Press]) -> str:
    data = {"head": head, "conversations": [_conversation(each, press) for each in conversations]}
    # Inside a script element only `<` could end it.
    return PAGE.replace("{{head}}", escape(head)).replace("{{data}}", json.dumps(data).replace("<", "\\u003c"))


def _conversation(each: Conversation, press: Callable[[], Press]) -> dict[str, Any]:
    rows = [
        {
            "day": f"{row.at:%a %Y-%m-%d}",
            "time": f"{row.at:%H:%M}",
            "what": row.what,
            "said": row.said,
            "message": _message(told, press) if told else None,
        }
        for row, told in each.rows
    ]
    return {"title": each.title, "language": each.language, "zone": each.zone, "rows": rows}


def _message(told: Told, press: Callable[[], Press]) -> dict[str, Any]:
    forms = [_form(form) | ({"html": html} if (html := _pictures(form, press)) else {}) for form in told.forms]
    return {"stage": told.stage, "forms": forms}


def _pictures(form: Form, press: Callable[[], Press]) -> str:
    """A letter that goes out, page by page; the page may load nothing, so they stand in it."""
    letter = form.rendered.letter if form.rendered and form.planned else None
    pages = press().pictures(letter) if letter else []
    images = (b64encode(page.encode()).decode() for page in pages)
    return "".join(f'<img alt="" style="width:100%" src="data:image/svg+xml;base64,{image}">' for image in images)


def _form(form: Form) -> dict[str, Any]:
    found = form.rendered or Rendered(text="")
    return {
        "channel": CHANNEL_NAMES[form.channel],
        "planned": form.planned,
        "note": form.note,
        "subject": found.subject,
        "text": found.text,
        "html": found.html,
    }
