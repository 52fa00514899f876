"""What somebody notices who is written to or called: the hour, the language, words that nobody says to a customer, and
whether they wanted to be reached that way. Worked out here anew."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, time
from zoneinfo import ZoneInfo

from holidays import country_holidays

from sandbox.play.evidence import Evidence, Subject, made_at
from sandbox.providers.journal import LogEntry

OPENS, CLOSES = time(9), time(20)
_MASKED = re.compile(r"\b(lost|stolen|steal|fraud\w*)\b|ขโมย|ฉ้อโกง|ทุจริต|บัตรหาย", re.IGNORECASE)
_ENGLISH = re.compile(r"\b(your|invoice|please|payment)\b", re.IGNORECASE)
_OTHERS = {
    "de": re.compile(r"\b(Rechnung|Rechnungen|Mahnung)\b"),
    "es": re.compile(r"\b(factura|facturas|pendiente)\b", re.IGNORECASE),
    "fr": re.compile(r"\b(facture|factures|rappel)\b", re.IGNORECASE),
    "ja": re.compile("[\u3040-\u30ff]"),
    "pt": re.compile(r"\b(fatura|faturas|em aberto)\b", re.IGNORECASE),
    "th": re.compile("[\u0e00-\u0e7f]"),
}
_CLOSES: Mapping[str, str] = {
    "opts_out": "sms",
    "asks_to_stop": "sms",
    "unsubscribes": "email",
    "blocks": "line",
}

Broken = Iterator[tuple[str, str]]


def heard(evidence: Evidence, subject: Subject, entry: LogEntry) -> Broken:
    """Promise and sentence of whatever is wrong with one contact by itself."""
    for moment in made_at(evidence, entry):
        if why := _not_now(subject, moment):
            yield "contacts_out_of_hours", f"{entry.key} was made {why}"
            break
    text = said_in(evidence, entry)
    if word := _MASKED.search(text):
        yield "masked_words", f"{entry.key} says “{word.group()}”"
    wrong = [one for one in entry.data.get("locales", ()) if one.partition("-")[0] != subject.reads]
    if wrong:
        yield "wrong_language", f"{entry.key} is spoken as {wrong[0]}, and not in the language {subject.reads}"
    if entry.data.get("stranger"):
        return  # who is nobody's customer has no language, and hears two sentences
    found = {language for language, words in _OTHERS.items() if words.search(text)}
    # A link has English words in any message.
    if {subject.reads} != (found or ({"en"} if _ENGLISH.search(text) else set())):
        yield "wrong_language", f"{entry.key} is not in the language {subject.reads}"


def said_in(evidence: Evidence, entry: LogEntry) -> str:
    """The words of a contact."""
    parts = [entry.data.get(name) for name in ("subject", "text", "body")]
    return " ".join([evidence.mails.get(entry.key or "", ""), *(str(part) for part in parts if part)])


def follow(closed: set[str], entry: LogEntry) -> None:
    """Keeps the channels that a customer has closed, as one thing after another happens to them."""
    if entry.kind in _CLOSES:
        closed.add(_CLOSES[entry.kind])
    elif entry.kind == "phone.called" and entry.data["result"] == "opted_out":
        closed.add("phone")
    elif entry.kind == "asks_again":
        closed.discard("sms")
    elif entry.kind == "operator_reopens":
        closed.discard(str(entry.data["channel"]))


def _not_now(subject: Subject, moment: datetime) -> str | None:
    here = moment.astimezone(ZoneInfo(subject.time_zone))
    if not OPENS <= here.time() < CLOSES:
        return f"at {here:%H:%M} in {subject.time_zone}"
    if here.weekday() == 6:
        return f"on {here:%Y-%m-%d}, a Sunday"
    if here.date() in country_holidays(subject.country, years=here.year):
        return f"on {here:%Y-%m-%d}, a public holiday in {subject.country}"
    return None
