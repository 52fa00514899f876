"""The audit of what people write back and open: each wish is obeyed, and nobody is left with what they cannot read."""

from collections.abc import Iterator, Mapping, Sequence

from sandbox.play.evidence import Subject
from sandbox.providers.journal import CONTACTS, LogEntry

ANSWERS: Mapping[str, str] = {
    "starts_unheard": "who stopped the text messages and asks for them again, from whatever number, gets them again",
    "strangers_told": "nobody is written to or called at a number whose owner has said that it is the wrong one",
    "cut_links": "who opens a link that was cut off on its way reads a page in their language",
    "answers_unseen": "what a customer writes back is there for whoever looks at the customer",
}
"""Every count of this table, and the promise behind it. That a stop in one's own words is obeyed: see `audit.py`."""

Broken = Iterator[tuple[str, str]]


def of_answers(subject: Subject, journal: Sequence[LogEntry]) -> Broken:
    """What was broken to one customer. `journal` is that customer's, with what the driver noted of what they did."""
    wrong: dict[str, str] = {}
    written: list[str] = []
    for place, entry in enumerate(journal):
        after = journal[place + 1 :]
        to = str(entry.data.get("to", "")).removeprefix("whatsapp:")
        if entry.kind in CONTACTS and to in wrong:
            yield "strangers_told", f"{entry.key} went to {to}, whose owner had said: {wrong[to]}"
        match entry.kind:
            case "is_a_stranger":
                wrong[entry.data["number"]] = entry.data["words"]
            case "phone.called" if entry.data["result"] == "wrong_number":
                wrong[to] = "wrong number"
            case "asks_again" if not any(_texted(later, entry.data["number"]) for later in after):
                yield "starts_unheard", f"no text message went to {entry.data['number']} after its START"
            case "opens_cut_link":
                yield from _unreadable(subject, entry)
            case "writes_back":
                written.append(entry.data["words"])
            case "staff_looks":
                yield from (
                    ("answers_unseen", f"nobody saw that the customer had written: {words}")
                    for words in written
                    if words not in entry.data["sees"]
                )


def _texted(entry: LogEntry, number: str) -> bool:
    return entry.kind == "sms.accepted" and entry.data.get("to") == number


def _unreadable(subject: Subject, entry: LogEntry) -> Broken:
    shown, page = entry.data["type"], entry.data["page"]
    if not shown.startswith("text/html"):
        yield "cut_links", f"a link that was cut off showed {shown or 'nothing'} ({entry.data['status']})"
    elif f'<html lang="{subject.reads}' not in page:
        yield "cut_links", f"a link that was cut off showed a page that is not in the language {subject.reads}"
