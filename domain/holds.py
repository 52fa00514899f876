"""Holds: the reasons to stand still, and what goes on in spite of them."""

from domain.case import Case, HoldReason

NOTHING: frozenset[HoldReason] = frozenset()
ALL_BUT_AN_OPERATOR = frozenset(HoldReason) - {HoldReason.OPERATOR_NEEDED}
"""What a decided end survives: it goes on under a dispute or a pause, but not where its own effect was refused."""


def goes_on(case: Case, survives: frozenset[HoldReason]) -> bool:
    """Whether something that survives these holds goes on as the case stands."""
    return all(hold.reason in survives for hold in case.holds)


def said(case: Case) -> str:
    """The holds in words."""
    return f"on hold ({'; '.join(map(str, case.holds))})"
