"""docs/law.md, made of the tables in policies/rules/law."""

from collections.abc import Iterator

from domain.calendar import ALL_DAY, Window
from domain.rules.law import Cap, LawfulHours, Row
from domain.rules.law_table import Jurisdiction, LawTable
from gateways.rules import load_law
from runtime.settings import ROOT

PAGE = ROOT / "docs/law.md"
_INTRO = """\
# The law of contacts, by place

This page is made by `python -m tests.lawdoc` from the tables in `policies/rules/law/`; a test compares. It is data
with sources, and no legal advice: what stands as **not verified** was written down from general knowledge, and has to
be read in its source before anybody relies on it.

**Binding** is law for a merchant that contacts its own customers. **Practice** is law for others (agencies, lenders,
calls that sell), a code or a guideline; it is kept because it is decent, unless a policy sets it aside
(`contacts.set_aside`, [policies.md](policies.md)). A rule's id with the day from which it is in force
(`th-hours@2015-09-02`) stands in the record of a case with everything that it put off or left out.

**Asked of every message**: hours; caps on contacts; consent, as soon as its channel is chosen (an opt-in where one is
needed, a register of senders and templates where a policy names it as `registered`; what needs no more than a way to
opt out is closed by the opt-out); and the words that it has to name: a text message gets what it lacks, and what still
lacks something is not sent. **Asked of the end**: the wait before collections, from the final notice on. **Asked of
whatever channel a row is about, and today of none**: the pause after a conversation and the wait before a first call,
since calls are no channel yet. **Only written down**: charges (nothing is added to a debt here), the waits before
default and before costs, the deadline and the costs that a notice has to name (no final notice goes out without its
date). **Asked before a customer's data is erased**: how long records are kept (personal-data.md).

A customer whose US state or Canadian province is not known has what is binding in each that has such a clock; one whose
country is not known has the law of every country with such a clock, and one of whom nothing is known that of all
countries of `sells_in`. The rows of a union of countries hold in each of them.
[0044](decisions/0044-the-law-is-todays.md) says how a rule reaches a decision.
"""


def shipped() -> LawTable:
    """The tables of this release."""
    return load_law(ROOT / "policies/rules/law")


def page(table: LawTable) -> str:
    """The whole page."""
    rows = [row for rule in table.rules.values() for row in rule.rows]
    unread = [row for row in rows if not row.verified]
    told = f"{len(rows)} rows for {len(table.places)} places; {len(unread)} of them are not verified: "
    parts = [_INTRO, told + ", ".join(f"`{row.rule}`" for row in unread) + ".\n"]
    parts += ["\n".join(_section(code, place)) for code, place in sorted(table.places.items())]
    return "\n".join(parts)


def _section(code: str, place: Jurisdiction) -> Iterator[str]:
    yield f"## {code}: {place.name}"
    yield "| rule | on | what it says | | verified | source |\n|---|---|---|---|---|---|"
    for row in place.rows:
        source = f"[{row.source}]({row.url})" if row.url else row.source
        read = row.verified.isoformat() if row.verified else "**not verified**"
        media = ", ".join(row.on) or "all"
        said = f"{says(row)}. {row.note}".strip() if row.note else says(row)
        yield f"| `{row.rule}` | {media} | {said} | {row.force} | {read} | {source} |"
    yield ""


def says(row: Row) -> str:
    """What a row says, in a few words."""
    match row:
        case Row(hours=LawfulHours() as hours):
            return _hours(hours)
        case Row(cap=Cap() as cap):
            span = "a day" if cap.days == 1 else f"{cap.days} days"
            return f"at most {cap.limit} {cap.counts} in {span}, per {cap.per}"
    if row.wait:
        return f"{row.wait.days} days before {row.wait.before.replace('_', ' ')}"
    if row.cool_down:
        return f"no call for {row.cool_down.days} days after a conversation"
    if row.consent:
        return f"needs {row.consent.needs.replace('_', ' ')}"
    if row.words:
        return f"names {', '.join(row.words.name).replace('_', '-')}"
    if row.charges:
        return "; ".join(filter(None, (row.charges.interest, row.charges.fee)))
    return f"records are kept for {row.keep.months if row.keep else 0} months"


def _hours(hours: LawfulHours) -> str:
    names = {"weekdays": "Mon to Fri", "saturday": "Sat", "sunday": "Sun", "holidays": "holidays"}
    given = {name: getattr(hours, name) for name in names if name in hours.model_fields_set}
    return ", ".join(f"{names[name]} {_window(window)}" for name, window in given.items())


def _window(window: Window | None) -> str:
    return "none" if window is None else "all day" if window == ALL_DAY else str(window)
