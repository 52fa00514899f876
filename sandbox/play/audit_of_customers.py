"""The audit of one customer: one access, one conversation, addresses of now, and warnings in time.

A customer may owe several invoices. What the stand-ins saw says what was done; what a message was about, and when, the
server's history.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.play.case_history import Effect
from sandbox.play.evidence import Evidence, Subject, effect_of, entry_about, invoice_of, is_ours, made_at, moment_in
from sandbox.providers.journal import CONTACTS, INVOICE_ENDS, MESSAGES, LogEntry

ONE_CUSTOMER: Mapping[str, str] = {
    "restored_too_early": "what is paid for one invoice gives back nothing that another one still restricts",
    "said_again": "what one message says of several invoices is not said again on that day for another of them",
    "too_many_messages": "nobody gets more than 7 messages and calls in seven days, for whatever they owe or owed",
    "texts_before_mails": "of an e-mail and a text message of one moment, the e-mail is not the one that has to wait",
    "short_access_notice": "a restriction comes at least 2 days after a message that names it",
    "left_addresses": "no message goes to an address that the customer has left",
}
"""Every count of this table, and the promise behind it."""

ACCESS_NOTICE_DAYS = 2  # of the policies that the demo uses
PER_WEEK = 7
_WEEK, _DAY = timedelta(days=7), timedelta(days=1)
_COUNTED = CONTACTS - {"notice.created"}
_OVER = INVOICE_ENDS | {"operator_settles", "operator_writes_off", "handoff.accepted"}
_STAGES = ("friendly", "reminder", "firm", "final")

Broken = Iterator[tuple[str, str]]
Sent = tuple[datetime, LogEntry, Effect]


def arrived(entry: LogEntry) -> bool:
    """Whether a message that a provider accepted also got there, as far as anybody knows."""
    return entry.data.get("status") not in ("bounce", "dropped")


def one_customer(evidence: Evidence) -> Broken:
    """What was broken to customers over all their invoices, each with a sentence."""
    yield from _restored_too_early(evidence)
    by_customer: dict[str, list[Sent]] = defaultdict(list)
    for subject in evidence.subjects:
        messages = _messages(evidence, subject)
        by_customer[subject.customer] += messages
        yield from _texts_first(subject, messages)
    for messages in by_customer.values():
        messages.sort(key=lambda sent: sent[0])
        yield from _said_again(messages)


def in_conversation(evidence: Evidence, subject: Subject, journal: Sequence[LogEntry]) -> Broken:
    """What was broken in one case. `journal` is that case's."""
    yield from _short_notice(evidence, subject, journal)
    left: set[str] = set()
    for entry in journal:
        if entry.provider == "customer" and entry.kind == "changes_contact":
            left |= set(entry.data["left"])
        elif entry.kind in CONTACTS and entry.data.get("to") in left:
            yield "left_addresses", f"{entry.key} went to {entry.data['to']}, which the customer had left"


def _restored_too_early(evidence: Evidence) -> Broken:
    restricting: dict[tuple[str, str], set[str]] = defaultdict(set)
    for entry in evidence.journal:
        about = entry_about(entry)
        if entry.kind in _OVER:
            for invoices in restricting.values():
                invoices.discard(about)
        if entry.kind not in ("service.restricted", "service.restored") or not is_ours(entry):
            continue
        theirs = restricting[entry.subjects.get("customer", ""), entry.subjects.get("subscription", "")]
        if entry.kind == "service.restricted":
            # What is said right after a payment is that another invoice goes on restricting.
            theirs |= set() if _is_over(evidence, entry) else {about}
            continue
        theirs.discard(about)
        if theirs:
            yield "restored_too_early", f"{entry.key} was restored, and {', '.join(sorted(theirs))} restricts"


def _is_over(evidence: Evidence, entry: LogEntry) -> bool:
    about = entry_about(entry)
    return any(e.kind in _OVER and entry_about(e) == about and e.seq < entry.seq for e in evidence.journal)


def _messages(evidence: Evidence, subject: Subject) -> list[Sent]:
    """The messages of one case with their moments: those that a provider accepted."""
    theirs = [e for e in evidence.journal if e.kind in MESSAGES and invoice_of(e.key) == subject.invoice]
    found = [(entry, effect_of(evidence, entry)) for entry in theirs]
    return [(effect.handed_out or effect.began, entry, effect) for entry, effect in found if effect]


def _said_again(messages: Sequence[Sent]) -> Broken:
    """A message for one invoice, within a day of one for another on the same channel that could have said it."""
    for position, (at, entry, effect) in enumerate(messages):
        for before, earlier, said in messages[:position]:
            if (
                at - before < _DAY
                and arrived(earlier)
                and effect.channel == said.channel
                and entry_about(entry) != entry_about(earlier)
                and _says(said, effect)
            ):
                yield "said_again", f"{entry.key} says what {earlier.key} could have said as well"
                break


def _says(said: Effect, wanted: Effect) -> bool:
    """Whether the one says all that the other has to, of whichever invoice."""
    if said.stage not in _STAGES or wanted.stage not in _STAGES:
        return False
    alike = ("action", "access", "restricts_on") + (("ends_on", "ending", "cancels") if wanted.stage == "final" else ())
    return _STAGES.index(said.stage) >= _STAGES.index(wanted.stage) and all(
        said.facts.get(name) == wanted.facts.get(name) for name in alike
    )


def _texts_first(subject: Subject, messages: Sequence[Sent]) -> Broken:
    """Of one day of the timeline and one stage, on the customer's calendar."""
    zone = ZoneInfo(subject.time_zone)
    mails = {_moment(effect): _day(at, zone) for at, _, effect in messages if _as_written(effect, "email")}
    for at, entry, effect in messages:
        mail = mails.get(_moment(effect))
        if _as_written(effect, "sms") and mail and _day(at, zone) < mail:
            yield "texts_before_mails", f"{entry.key} went before the e-mail of the same moment"


def _as_written(effect: Effect, channel: str) -> bool:
    return effect.channel == channel and f"-{channel}-" in effect.step


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _moment(effect: Effect) -> tuple[str, str]:
    return effect.step.partition("-")[0], effect.stage or ""


def too_many(evidence: Evidence) -> Broken:
    """Messages and calls beyond what a person may get in a week, closing messages counted as well."""
    whose = {subject.invoice: subject.who for subject in evidence.subjects}
    by_person: dict[str, list[tuple[datetime, LogEntry]]] = defaultdict(list)
    for entry in evidence.journal:
        if entry.kind in _COUNTED and invoice_of(entry.key) in whose:
            by_person[whose[invoice_of(entry.key)]] += [(at, entry) for at in made_at(evidence, entry)[-1:]]
    for counted in by_person.values():
        counted.sort(key=lambda one: one[0])
        for position, (at, entry) in enumerate(counted):
            before = sum(at - earlier < _WEEK for earlier, _ in counted[:position])
            if before >= PER_WEEK:
                yield "too_many_messages", f"{entry.key} was contact number {before + 1} in a week"


def _short_notice(evidence: Evidence, subject: Subject, journal: Sequence[LogEntry]) -> Broken:
    """Of the first restriction: what is said of later ones depends on it."""
    restricted = next((e for e in journal if e.kind == "service.restricted" and is_ours(e)), None)
    at = moment_in(evidence, restricted) if restricted else None
    if restricted is None or at is None:
        return
    zone = ZoneInfo(subject.time_zone)
    theirs = [one for one in evidence.subjects if one.customer == subject.customer]
    named = [
        sent.astimezone(zone).date()
        for one in theirs
        for sent, entry, effect in _messages(evidence, one)
        if arrived(entry) and effect.facts.get("restricts_on") and sent <= at
    ]
    days = (at.astimezone(zone).date() - min(named)).days if named else None
    if days is None:
        yield "short_access_notice", f"{restricted.key} came without a message that names it"
    elif days < ACCESS_NOTICE_DAYS:
        yield "short_access_notice", f"{restricted.key} came {days} days after the first message that names it"
