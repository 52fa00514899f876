"""Who tries a payment again: one of us, and not both."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing

from domain.policy import Policy
from domain.retries import TURN_OFF, RetryOwner
from gateways.policy_files import ANY_SEGMENT
from runtime import wiring
from runtime.checks.look import Check, Look, fault
from runtime.settings import Settings


def _retries(look: Look) -> str:
    """Stripe's API does not show whether its retries are on: the invoices show what it plans."""
    planned = wiring.stripe_payments(look.settings).retried_by_itself()
    ours = sum(1 for policy in _policies_of(look.settings, planned) if policy.retries.owner is RetryOwner.OURS)
    if ours:
        raise fault(f"Stripe plans tries of its own on {ours} open invoices, and so do we: {TURN_OFF}.")
    return f"each invoice has one owner; Stripe plans tries of its own on {len(planned) or 'none'}"


def _policies_of(settings: Settings, invoices: Sequence[str]) -> list[Policy]:
    """The policy that each invoice's case follows, or would follow if it had one."""
    if not invoices:
        return []
    usual = wiring.policy_store(settings).for_segment(ANY_SEGMENT)
    with closing(wiring.open_ledger(settings)) as ledger:
        digests = Counter(case.policy_digest if (case := ledger.case(invoice)) else "" for invoice in invoices)
        known = {digest: Policy.stored(ledger.policy(digest)) if digest else usual for digest in digests}
    return [known[digest] for digest in digests.elements()]


CHECKS = (Check("retries", _retries, after=("Stripe", "ledger")),)
