"""Which sentences terms have. A gateway looks up the words of a key and fills in the values.

So a translation can be clumsy but not untrue: what is said follows from the terms as data.
"""

from collections.abc import Iterator

from pydantic import Field

from domain.base import Frozen
from domain.money import Money
from domain.terms import Course, Method, Terms

Value = int | tuple[Money, ...] | tuple[Method, ...]

KEYS: dict[str, frozenset[str]] = {
    "title": frozenset(),
    "headings.paying": frozenset(),
    "headings.collected": frozenset(),
    "headings.sent": frozenset(),
    "headings.late_fee": frozenset(),
    "methods_taken": frozenset({"methods"}),
    "collected": frozenset(),
    "due": frozenset({"days"}),
    "due_at_once": frozenset(),
    "tries": frozenset({"times", "days"}),
    "tries_of_provider": frozenset(),
    "tries_faults": frozenset(),
    "tries_new_method": frozenset(),
    "no_tries": frozenset(),
    "reminds_before": frozenset({"days"}),
    "writes": frozenset(),
    "grace": frozenset({"days"}),
    "limits.read_only": frozenset({"days"}),
    "limits.blocked": frozenset({"days"}),
    "limits_at_once.read_only": frozenset(),
    "limits_at_once.blocked": frozenset(),
    "notice": frozenset({"days"}),
    "ends.with_subscription": frozenset({"days"}),
    "ends.without_subscription": frozenset({"days"}),
    "collections": frozenset({"amounts"}),
    "no_collections": frozenset(),
    "counted.collected": frozenset(),
    "counted.sent": frozenset(),
}
"""Every key that a language needs words for, and what these may name besides the merchant."""


class Said(Frozen):
    """One sentence that is said."""

    key: str
    values: dict[str, Value] = Field(default_factory=dict)


class Matter(Frozen):
    """What is said of one matter: its heading, and the sentences under it."""

    heading: str
    sentences: tuple[Said, ...]


def matters(terms: Terms) -> tuple[Matter, ...]:
    """All that is said, in reading order. The words of a late fee are the merchant's own, and stand apart."""
    paying = Matter(heading="headings.paying", sentences=tuple(_paying(terms)))
    courses = {"collected": terms.collected, "sent": terms.sent}
    unpaid = (
        Matter(heading=f"headings.{name}", sentences=tuple(_unpaid(course, name)))
        for name, course in courses.items()
        if course
    )
    return tuple(matter for matter in (paying, *unpaid) if matter.sentences)


def _paying(terms: Terms) -> Iterator[Said]:
    if terms.methods:
        yield Said(key="methods_taken", values={"methods": terms.methods})
    if terms.collected:
        yield Said(key="collected")
    if terms.due_days:
        yield _days("due", terms.due_days)
    elif terms.due_days == 0:
        yield Said(key="due_at_once")


def _unpaid(course: Course, name: str) -> Iterator[Said]:
    if name == "collected":
        yield from _tries(course)
    if course.writes_from < 0:
        yield _days("reminds_before", -course.writes_from)
    yield Said(key="writes")
    if course.grace_days > 0:
        yield _days("grace", course.grace_days)
    for limit in course.limits:
        yield _days(f"limits.{limit.access}", limit.day) if limit.day else Said(key=f"limits_at_once.{limit.access}")
    yield _days("notice", course.notice_days)
    yield _days("ends.with_subscription" if course.cancels else "ends.without_subscription", course.ends_after)
    if course.collections_from:
        yield Said(key="collections", values={"amounts": course.collections_from})
    else:
        yield Said(key="no_collections")
    yield Said(key=f"counted.{name}")


def _tries(course: Course) -> Iterator[Said]:
    if course.tries_of_provider:
        yield Said(key="tries_of_provider")
        return
    if course.tries:
        yield Said(key="tries", values={"times": course.tries, "days": course.ends_after})
    elif not course.tries_faults_at_once:
        yield Said(key="no_tries")
    if course.tries_faults_at_once:
        yield Said(key="tries_faults")
    yield Said(key="tries_new_method")


def _days(key: str, days: int) -> Said:
    return Said(key=key, values={"days": days})
