"""The audit of calls that no person makes: from Twilio's own record of what it dialled and what was said in each call,
against what the world's people have agreed to and pressed.

Their hours, caps, pauses and closed numbers are counted with those of people's calls and of messages.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from sandbox.play.audit_of_calls import debt_in
from sandbox.play.evidence import Evidence, closing_of, entry_about, made_at, moment_in
from sandbox.providers.journal import INVOICE_ENDS, MESSAGES, LogEntry

AUTOMATIC: Mapping[str, str] = {
    "machines_unasked": "no machine calls who has not agreed to such calls, or wants no more of them",
    "machines_told": "a machine that calls says nothing of a debt before somebody has pressed that it is them",
    "links_unsent": "who asks for the link to pay on the telephone gets it within two days, unless it is paid before",
}
"""Every count of this file, and the promise behind it."""

_SOON = timedelta(days=2)
"""So long hours, holidays and caps may keep a message waiting."""
_NO_MORE = frozenset({"opted_out", "wrong_number"})

Broken = Iterator[tuple[str, str]]


def of_automatic_calls(evidence: Evidence) -> Broken:
    agreed: set[str] = set()  # numbers
    for place, entry in enumerate(evidence.journal):
        match entry.kind:
            case "agrees_to_calls":
                agreed.add(entry.data["number"])
            case "call.accepted" if entry.data["to"] not in agreed:
                yield (
                    "machines_unasked",
                    f"{entry.subjects['call']} went to {entry.data['to']}, where nobody had agreed",
                )
            case "phone.called":
                yield from _said(entry)
                if entry.data["result"] in _NO_MORE:
                    agreed.discard(entry.data["to"])
                if entry.data["result"] == "pay_link" and not _follows(evidence, place):
                    yield "links_unsent", f"nothing was written soon after {entry.key}"
    yield from _unexplained(evidence)


def _said(entry: LogEntry) -> Broken:
    """Up to the first key nobody knows who is there."""
    told = debt_in(entry.data["unasked"]) if entry.data.get("automatic") else ""
    if told:
        yield "machines_told", f"{entry.key}: whoever answered heard “{told}”"


def _follows(evidence: Evidence, place: int) -> bool:
    """Whether soon after a call something was written about its invoice, or that was over."""
    call, then = evidence.journal[place], evidence.journal[place + 1 :]
    called_at = moment_in(evidence, call)
    for entry in then:
        if entry_about(entry) != entry_about(call):
            continue
        if entry.kind in INVOICE_ENDS or (entry.kind in MESSAGES and not closing_of(entry)):
            at = made_at(evidence, entry)[:1] or (moment_in(evidence, entry),)
            return called_at is None or at[0] is None or at[0] - called_at <= _SOON
    return False


def _unexplained(evidence: Evidence) -> Broken:
    """Twilio's calls that were made in no case."""
    known = {entry.subjects.get("call") for entry in evidence.journal if entry.kind == "phone.called"}
    for entry in evidence.journal:
        if entry.kind == "call.accepted" and entry.subjects["call"] not in known:
            yield "unexplained_messages", f"{entry.subjects['call']} went to {entry.data['to']}, and belongs to no case"
