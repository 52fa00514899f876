"""Invoices and cards for the tests of the Stripe gateway."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sandbox.providers.faults import Mode
from sandbox.providers.stripe_outcomes import APPROVE, Decline, Outcome
from sandbox.providers.world import ProviderWorld

BROKE = Decline("insufficient_funds", advice_code="try_again_later", network_decline_code="51")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def charges(world: ProviderWorld, invoice_id: str) -> list[str]:
    """What the stand-in charged for an invoice, by its own journal."""
    kinds = ("charge.succeeded", "charge.failed", "charge.processing")
    return [e.kind for e in world.log if e.kind in kinds and e.subjects.get("invoice") == invoice_id]


def open_invoice(world: ProviderWorld, *behaviour: Outcome, brand: str = "visa") -> str:
    """An open invoice over 19.99 dollars whose card will answer as told; no charge was tried on it."""
    customer = world.stripe.add_customer()
    world.stripe.add_card(customer, behaviour=behaviour or (APPROVE,), brand=brand, fingerprint="fp_1")
    subscription = world.stripe.add_subscription(customer, amount=1999, currency="usd")
    return world.stripe.add_invoice(customer, amount=1999, subscription=subscription)


@contextmanager
def watched(world: ProviderWorld) -> Iterator[list[str]]:
    """Collects what is asked of Stripe meanwhile, in order, as `GET /v1/invoices/in_…`: the list is full at the end.

    A fault that holds every request up, and lets all pass, makes the journal show them.
    """
    seen: list[str] = []
    before = len(world.log)
    world.faults.add("stripe", "", Mode.HOLD_AFTER, times=1000).release()
    try:
        yield seen
    finally:
        world.faults.clear()
        entries = world.log[before:]
        seen += [entry.data["request"] for entry in entries if entry.kind == f"fault.{Mode.HOLD_AFTER}"]
