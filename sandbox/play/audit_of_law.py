"""The audit of the law of the place, and its table: hours and caps by country, judged anew from the written rows.

What was said, and when, the stand-ins saw; what a rule put off or forbade, the merchant's endpoint was told. The rows
are read here as they are written: the product's own reading of them is what is audited.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from holidays import country_holidays
from ruamel.yaml import YAML

from sandbox.play.evidence import Evidence, Subject, entry_about, made_at, renewal_of
from sandbox.providers.journal import CONTACTS, Json, LogEntry

LAW: Mapping[str, str] = {
    "unlawful_hours": "nobody is written to or called outside the hours of the law of the place where they are",
    "unlawful_caps": "nobody is written to or called more often than the law of the place allows",
    "unlawful_pauses": "nobody is called too soon after a conversation, or after what was written first",
    "unlawful_texts": "no text message goes where its sender and words have to be registered",
}
"""Every count of this table, and the promise behind it."""

_TABLES = Path(__file__).parents[2] / "policies/rules/law"
# A message in a chat reaches the same telephone as a text message, and counts as one.
_CHANNELS = {
    "email.accepted": "email",
    "sms.accepted": "sms",
    "whatsapp.accepted": "sms",
    "line.accepted": "sms",
    "notice.created": "notice",
    "letter.accepted": "letter",
    "phone.called": "phone",
}
_CONVERSATIONS = frozenset({"reached", "promise", "pay_link", "paid", "refused", "call_back", "opted_out"})
_PUT_OFF, _FORBIDDEN = "step.postponed", ("step.refused", "step.skipped")
_DAYS = ("weekdays",) * 5 + ("saturday", "sunday")

Row = Mapping[str, Any]


class Said(NamedTuple):
    """One message or call to a person, at the case's time."""

    at: datetime
    channel: str
    entry: LogEntry
    subject: Subject


class Place(NamedTuple):
    """What happened in one place."""

    contacts: int
    out_of_hours: int
    above_caps: int
    postponed: Mapping[str, int]  # rule → how often
    refused: Mapping[str, int]


class Rule(NamedTuple):
    """What one rule did, of whatever kind: of the law, a network, a policy."""

    example: str  # why, as the merchant was told of the first step
    postponed: int
    refused: int


def of_law(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """What was against the law, each with its promise and a sentence."""
    for said in _by_person(evidence).values():
        for number, one in enumerate(said):
            yield from _broken(one, said[:number])


def by_place(evidence: Evidence) -> dict[str, Place]:
    """The table of the law: one row for each country, state or province in which somebody was written to, or a rule was
    asked."""
    contacts: Counter[str] = Counter()
    wrong: dict[str, Counter[str]] = defaultdict(Counter)
    for said in _by_person(evidence).values():
        for number, one in enumerate(said):
            contacts[one.subject.place] += 1
            wrong[one.subject.place].update(promise for promise, _ in _broken(one, said[:number]))
    asked = _rules_asked(evidence)
    return {
        place: Place(
            contacts[place],
            wrong[place]["unlawful_hours"],
            wrong[place]["unlawful_caps"],
            dict(asked[place, _PUT_OFF]),
            dict(asked[place, "forbidden"]),
        )
        for place in sorted({*contacts, *(place for place, _ in asked)})
    }


def by_rule(evidence: Evidence) -> dict[str, Rule]:
    """Every rule that put something off or forbade it, as the merchant's endpoint was told; the busiest first."""
    examples: dict[str, str] = {}
    counted: Counter[tuple[str, str]] = Counter()
    for event in _events(evidence):
        rule, kind = str(event["data"].get("rule") or ""), event["type"]
        if rule and kind in (_PUT_OFF, *_FORBIDDEN):
            examples.setdefault(rule, event["data"]["why"])
            counted[rule, _PUT_OFF if kind == _PUT_OFF else "forbidden"] += 1
    found = {rule: Rule(why, counted[rule, _PUT_OFF], counted[rule, "forbidden"]) for rule, why in examples.items()}
    return dict(sorted(found.items(), key=lambda one: (-one[1].postponed - one[1].refused, one[0])))


def name_of(place: str) -> str:
    """The place, and whose law it has: `TH, Thailand`, `AT, European Union`; alone where no row is written."""
    return ", ".join([place, *(_written()[law]["name"] for law in laws_of(place)[-1:])])


def _events(evidence: Evidence) -> list[Json]:
    """What the merchant's endpoint was told, once each."""
    return list({told.message_id: told.event for told in evidence.told or ()}.values())


def _by_person(evidence: Evidence) -> dict[str, list[Said]]:
    """Every message that a provider took and every call, by person, in the order of the cases' time."""
    whose = {subject.invoice: subject for subject in (*evidence.subjects, *evidence.renewals)}
    found: dict[str, list[Said]] = defaultdict(list)
    for entry in evidence.journal:
        subject = whose.get(renewal_of(entry) or entry_about(entry))
        if entry.kind not in CONTACTS or entry.kind not in _CHANNELS or subject is None:
            continue
        for at in made_at(evidence, entry)[:1]:
            found[subject.who].append(Said(at, _CHANNELS[entry.kind], entry, subject))
    return {person: sorted(said, key=lambda one: one.at) for person, said in found.items()}


def _rules_asked(evidence: Evidence) -> dict[tuple[str, str], Counter[str]]:
    """Place and kind of event → rules of its law, as the merchant's endpoint was told of them, once each."""
    places = {subject.invoice: subject.place for subject in evidence.subjects}
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for event in _events(evidence):
        kind, rule = event["type"], str(event["data"].get("rule") or "")
        place = places.get(event["data"].get("case", {}).get("invoice", ""), "")
        if any(rule.startswith(f"{code.lower()}-") for code in laws_of(place)):
            if kind == _PUT_OFF:
                found[place, _PUT_OFF][rule] += 1
            elif kind in _FORBIDDEN:
                found[place, "forbidden"][rule] += 1
    return found


def _broken(one: Said, before: Sequence[Said]) -> Iterator[tuple[str, str]]:
    zone = ZoneInfo(one.subject.time_zone)
    here = one.at.astimezone(zone)
    for row in _in_force(one.subject.place, here.date()):
        if one.channel not in row.get("on", [one.channel]):
            continue
        rule = f"{row['id']}@{row['effective_from']}"
        if "hours" in row and not _is_open(row["hours"], here, one.subject.country):
            yield "unlawful_hours", f"{one.entry.key} at {here:%a %Y-%m-%d %H:%M} ({rule})"
        if "cap" in row and one.channel != "notice":
            near = [other for other in before if _counts(row, other, one, zone)]
            if len(near) >= row["cap"]["limit"]:
                yield "unlawful_caps", f"{one.entry.key} after {len(near)} others ({rule})"
        if why := _too_soon(row, one, before):
            yield "unlawful_pauses", f"{one.entry.key} {why} ({rule})"
        if row.get("consent", {}).get("needs") == "registered_template":
            yield "unlawful_texts", f"{one.entry.key} ({rule})"


def _is_open(hours: Mapping[str, str], here: datetime, country: str) -> bool:
    kind = "holidays" if here.date() in country_holidays(country, years=here.year) else _DAYS[here.weekday()]
    written = hours.get(kind) or hours.get(_DAYS[here.weekday()]) or hours["weekdays"]
    opens, _, closes = written.partition("-")
    return written != "none" and opens <= f"{here:%H:%M}" < closes


def _too_soon(row: Row, one: Said, before: Sequence[Said]) -> str:
    """What a call should have waited for; empty: nothing."""
    if one.channel != "phone":
        return ""
    if "cool_down" in row:
        pause = timedelta(days=row["cool_down"]["days"])
        spoken = [other for other in before if _is_conversation(other) and one.at - other.at < pause]
        return f"came {(one.at - spoken[-1].at).days} days after a conversation" if spoken else ""
    if row.get("wait", {}).get("before") == "first_call":
        first = next((other for other in before if other.channel == "email"), None)
        early = first is None or one.at - first.at < timedelta(days=row["wait"]["days"])
        return "came too soon after what was written first" if early else ""
    return ""


def _is_conversation(said: Said) -> bool:
    return said.channel == "phone" and said.entry.data["result"] in _CONVERSATIONS


def _counts(row: Row, other: Said, one: Said, zone: ZoneInfo) -> bool:
    cap = row["cap"]
    if other.channel == "notice" or other.channel not in row.get("on", [other.channel]):
        return False
    if cap.get("counts") == "conversations" and not _is_conversation(other):
        return False
    if cap.get("per") == "debt" and other.subject.invoice != one.subject.invoice:
        return False
    if cap["days"] == 1:
        return other.at.astimezone(zone).date() == one.at.astimezone(zone).date()
    return one.at - other.at < timedelta(days=cap["days"])


def laws_of(place: str) -> list[str]:
    """Those places of the tables whose law holds there: its union of countries, its country, and itself."""
    country = place.partition("-")[0]
    written = _written()
    unions = [code for code, one in written.items() if country in one.get("members", ())]
    return [code for code in dict.fromkeys((*unions, country, place)) if code in written]


def _in_force(place: str, day: date) -> list[Row]:
    """Of each rule of a place the edition of a day."""
    newest: dict[str, Row] = {}
    for code in laws_of(place):
        for row in _written()[code]["rows"]:
            if row["effective_from"] <= day:
                newest[row["id"]] = row
    return [row for row in newest.values() if "until" not in row or day <= row["until"]]


@cache
def _written() -> dict[str, Any]:
    """Each place of the tables, as it is written."""
    files = sorted(_TABLES.glob("*.yaml"))
    read = (YAML(typ="safe").load(file.read_text(encoding="utf-8"))["places"] for file in files)
    return {code: place for places in read for code, place in places.items()}
