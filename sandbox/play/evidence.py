"""What the audit looks at: the stand-ins' journal, the cases' histories, and what the script knows of the customers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.play.case_history import CaseHistory, Effect, moment_of
from sandbox.providers.journal import CONTACTS, MESSAGES, LogEntry
from sandbox.providers.merchant import Told

CLOSING = "closing-"
"""How the step of a message begins that tells how a case ended."""
_CALL = "queue_call"
_BY = ("contact", _CALL)
"""The activities that a contact comes from."""


@dataclass(frozen=True)
class Subject:
    """Whom a case is about, from the script and not from the system."""

    invoice: str
    customer: str
    country: str
    time_zone: str
    reads: str  # the language that messages must have: the tag's first part
    name: str = ""  # as it stands in the customer's field
    sign_up: bool = False  # the invoice is the first one of somebody who never became a customer
    due_at: datetime | None = None  # of an invoice that was sent
    stripe_tries: bool = False  # by the policy Stripe makes all tries
    number: str = ""  # of the invoice, as messages name it
    region: str = ""  # US state or Canadian province, where its law is another one
    person: str = ""  # the customer who stands for one who is several at Stripe

    @property
    def place(self) -> str:
        """`TH`, `US-MA`."""
        return f"{self.country}-{self.region}" if self.region else self.country

    @property
    def who(self) -> str:
        """Whoever reads the messages."""
        return self.person or self.customer


@dataclass(frozen=True)
class Evidence:
    """What the audit looks at."""

    journal: Sequence[LogEntry]
    mails: Mapping[str, str]  # contact key → recipient's name, subject, text and HTML part
    histories: Mapping[str, CaseHistory]  # invoice → history
    subjects: Sequence[Subject]
    seen_at: Mapping[int, datetime] = field(default_factory=dict)  # journal number → the case's time, when known
    told: Sequence[Told] | None = None  # what the merchant's endpoint for events got; None: there was none
    renewals: Sequence[Subject] = ()  # who is told something before a renewal, which stands for the invoice


def is_ours(entry: LogEntry) -> bool:
    """Whether the system under audit did it."""
    return (entry.key or "").startswith("dun:")


def invoice_of(key: str | None) -> str:
    """The invoice that a caller's key names; empty: none."""
    parts = (key or "").split(":")
    return parts[1] if len(parts) > 1 else ""


def entry_about(entry: LogEntry) -> str:
    """The invoice that an entry is about, by what it names or by its key; empty: none."""
    return entry.subjects.get("invoice") or invoice_of(entry.key)


def renewal_of(entry: LogEntry) -> str:
    """The renewal that a message of ours comes before; empty: none."""
    name = (entry.key or "").partition(":")[0]
    return name if name.startswith("renewal-") else ""


def closing_of(entry: LogEntry) -> str | None:
    """Which end a message of ours tells, when the case is over; None: it is no such message."""
    step = f"{entry.key}::".split(":")[2]
    return step.removeprefix(CLOSING) if entry.kind in CONTACTS and step.startswith(CLOSING) else None


def moment_in(evidence: Evidence, entry: LogEntry) -> datetime | None:
    """The case's time of an entry: our charges by the history, all else by when it was seen."""
    history = evidence.histories.get(invoice_of(entry.key))
    number = (entry.key or "").rpartition(":")[2]
    if history and is_ours(entry) and number.isdigit():
        return moment_of(history, int(number))
    return evidence.seen_at.get(entry.seq)


def made_at(evidence: Evidence, entry: LogEntry) -> tuple[datetime, ...]:
    """When a contact was made, at its earliest and at its latest, by the case's time; empty: nothing says so. A call is
    made by a person, and a closing message by what goes on after the end: then they were seen."""
    seen = moment_in(evidence, entry)
    if entry.kind not in MESSAGES or closing_of(entry):
        return (seen,) if seen else ()
    if effect := effect_of(evidence, entry):
        # Its answer may reach the case much later, when Temporal was away.
        return effect.began, effect.handed_out or effect.began
    return (seen,) if seen else ()


def effect_of(evidence: Evidence, message: LogEntry) -> Effect | None:
    """The effect that a message of ours came from: the last that had begun when the message was seen. One before it
    may have reached the worker too late, and done nothing."""
    history, seen = evidence.histories.get(invoice_of(message.key)), evidence.seen_at.get(message.seq)
    theirs = [
        effect
        for effect in (history.effects if history else ())
        if effect.activity in _BY and message.key == f"dun:{invoice_of(message.key)}:{effect.step}:{_channel(effect)}"
    ]
    begun = [effect for effect in theirs if seen is not None and effect.began <= seen]
    return next(iter([*reversed(begun), *theirs]), None)


def _channel(effect: Effect) -> str | None:
    return "phone" if effect.activity == _CALL else effect.channel
