"""The audit of what is said before a renewal: in time, once, and as every message has to be."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from sandbox.play.evidence import Evidence, Subject, moment_in, renewal_of
from sandbox.play.hearing import heard
from sandbox.providers.journal import CONTACTS

RENEWALS: Mapping[str, str] = {
    "renewals_late": "what is said before a renewal is said before the charge",
    "renewals_twice": "what is said before a renewal is said once",
}
"""Every count of this file, and the promise behind it."""


def of_renewals(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Promise and sentence of whatever was broken, words and hours among it."""
    said = [entry for entry in evidence.journal if entry.kind in CONTACTS and renewal_of(entry)]
    whose: dict[str, Subject] = {subject.invoice: subject for subject in evidence.renewals}
    for entry in said:
        subject, at = whose.get(renewal_of(entry)), moment_in(evidence, entry)
        if subject is None:
            yield "unexplained_messages", f"{entry.key} belongs to no renewal"
            continue
        yield from heard(evidence, subject, entry)
        if at and at >= _charged(subject):
            yield "renewals_late", f"{entry.key} was sent on {at:%Y-%m-%d %H:%M}, after the charge"
    for key, times in Counter(entry.key for entry in said).items():
        if times > 1:
            yield "renewals_twice", f"{key} was sent {times} times"


def _charged(subject: Subject) -> datetime:
    assert subject.due_at  # noqa: S101 - a renewal has its day
    return subject.due_at
