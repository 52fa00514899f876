"""Holds: the reasons to stand still, what goes on in spite of them, and what an operator can do about each."""

from datetime import UTC, datetime

from domain.calendar import minute
from domain.case import PROTECTIONS, Case, Hold, HoldReason
from domain.protection import Protection

NOTHING: frozenset[HoldReason] = frozenset()
ALL_BUT_AN_OPERATOR = frozenset(HoldReason) - {HoldReason.OPERATOR_NEEDED}
"""What a decided end survives: it goes on under a dispute or a pause, but not where its own effect was refused."""

_BY_A_HUMAN = {
    Protection.BANKRUPTCY: "Ask for nothing: file the claim with the court or its administrator.",
    Protection.DECEASED: "Write to nobody: give the debt up, or file it with the estate.",
    Protection.REPRESENTED: "Only a human writes, and only to the representative.",
    Protection.HARDSHIP: "Talk to the customer about what they can pay, by hand.",
    Protection.BREATHING_SPACE: "Ask for nothing until it is over.",
    Protection.ERASURE: "Answer the request within its time; what the law keeps of an unpaid debt may stay.",
}


def goes_on(case: Case, survives: frozenset[HoldReason]) -> bool:
    """Whether something that survives these holds goes on as the case stands."""
    return all(hold.reason in survives for hold in case.holds)


def goes_on_at(case: Case) -> datetime | None:
    """When the last of the case's holds ends by itself (UTC); None while one of them waits for somebody."""
    ends = [hold.until for hold in case.holds]
    return max((end for end in ends if end), default=None) if all(ends) else None


def said(case: Case) -> str:
    """The holds in words."""
    return f"on hold ({'; '.join(map(str, case.holds))})"


def in_full(case: Case) -> tuple[str, ...]:
    """Each hold for an operator: its kind, why, until when, and what to do. Times in UTC."""
    return tuple(f"{str(hold).rstrip('.')}; {_until(hold)}. {_what_to_do(case, hold)}" for hold in case.holds)


def _what_to_do(case: Case, hold: Hold) -> str:
    invoice_id = case.facts.invoice_id
    # No later hold of the same reason begins in that very moment: it takes the place of this one.
    if hold.reason is HoldReason.OPERATOR_NEEDED and hold.since == case.end_asked:
        return (
            "Tell the customer in another way what will happen and when "
            f"(python starter.py messages {invoice_id} shows what was sent), give them time, "
            f"then python starter.py resume {invoice_id}: the end comes at once. "
            f"Or give the debt up: python starter.py write-off {invoice_id}."
        )
    if hold.reason in PROTECTIONS:
        return protected_by(Protection(hold.reason.value), case.facts.customer_id, invoice_id)
    return what_to_do(hold.reason, invoice_id)


def _until(hold: Hold) -> str:
    return f"until {minute(hold.until.astimezone(UTC))} UTC" if hold.until else "until told otherwise"


def what_to_do(reason: HoldReason, invoice_id: str) -> str:
    """One sentence for an operator."""
    resume = f"python starter.py resume {invoice_id}"
    match reason:
        case HoldReason.OPERATOR_PAUSE:
            return f"An operator paused it: {resume} ends the pause."
        case HoldReason.DISPUTE:
            return "Answer the dispute in Stripe: its end releases the case, or closes it."
        case HoldReason.PAYMENT_PROCESSING:
            return "Nothing to do: the bank's answer releases it, at the latest that date."
        case HoldReason.OPERATOR_NEEDED:
            return f"Put right what is named, restart the workers if a setting changed, then {resume}."
    raise AssertionError(f"{reason} is the person's")


def protected_by(protection: Protection, customer_id: str, invoice_id: str) -> str:
    """What a human does about the debt of somebody who is protected, in full."""
    ends = f"python starter.py unprotect {customer_id} {protection.value}"
    return (
        f"{_BY_A_HUMAN[protection]} {ends} lets its cases go on; python starter.py write-off {invoice_id} gives it up."
    )
