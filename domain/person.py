"""The person behind a case: what protects them stops all that follows from the debt, whatever the case was told."""

from datetime import datetime

from domain.case import PROTECTIONS, Case, Hold, HoldReason
from domain.changes import hold, release, said
from domain.outgoing import CaseResumed
from domain.protection import Protected
from domain.record import new_entry

PERSON = "person"
"""Where entries about the customer as a person come from."""


def protected(case: Case, protections: tuple[Protected, ...], at: datetime) -> Case:
    """The case stands still for whatever protects its person, and for nothing that no longer does.

    An end that was decided goes on: what it still takes away, its activities ask about.
    """
    standing = {one.reason: one for one in case.holds if one.reason in PROTECTIONS}
    if (not protections and not standing) or case.closed or case.closing:
        return case
    wanted = {HoldReason(one.protection.value): one for one in protections}
    for reason, one in wanted.items():
        known = standing.get(reason)
        if known is None or (known.until, known.note) != (one.until, one.said):
            case = hold(case, Hold(reason=reason, since=at, note=one.said, until=one.until), at, PERSON)
    over = standing.keys() - wanted.keys()
    if not over:
        return case
    case = release(case, set(over), at)
    reasons = ", ".join(sorted(reason.in_words for reason in over))
    event = None if case.holds else CaseResumed()
    return said(case, new_entry(at=at, step=PERSON, what="protected no more", why=reasons, event=event))
