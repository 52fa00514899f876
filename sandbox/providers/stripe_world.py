"""The Stripe account of the stand-in world, as a driver or a test scripts it."""

from sandbox.providers.stripe_outcomes import Behaviour
from sandbox.providers.stripe_world_payments import StripePurchases

__all__ = ["Behaviour", "StripeWorld"]


class StripeWorld(StripePurchases):
    """Customers, cards and invoices, and what customers, banks and Stripe itself do. Objects are named by their Stripe
    ids. Every method may be called from any thread while the server answers requests.

    The parts: `StripeAccount` (state, events, broken calls), `StripeCustomers`, `StripeBills`, `StripePurchases`.
    """
