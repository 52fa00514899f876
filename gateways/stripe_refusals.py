"""What Stripe's refusal of a charge is about: one customer's own objects, or our request and our account.

A request of ours to pay an invoice always has the same form. What is refused for one customer is a result of that one
step; its codes have their meaning in `policies/rules/declines.yaml`. (docs.stripe.com/error-codes)
"""

import stripe

from domain.case import CUSTOMER_DELETED, NO_PAYMENT_METHOD, NOT_CHARGEABLE
from domain.declines import RawDecline
from gateways.ports.payments import InvoiceSnapshot
from gateways.stripe_api import BUSY, OF_ACCOUNT

_REQUEST = ("parameter_invalid", "parameter_missing", "parameter_unknown", "parameters_exclusive")
_CUSTOMERS = frozenset({"customer", "payment_method", "source", None})
"""What a missing object may be, for the refusal to be about the customer: the parameter that names it, if any does."""


def is_of_customer(error: stripe.StripeError) -> bool:
    """Whether nothing but this customer's objects stands in the way. Unknown codes are about the customer."""
    code = error.code or ""
    if error.http_status not in (400, 404) or code in BUSY or code in OF_ACCOUNT or code.startswith(_REQUEST):
        return False
    return code != "resource_missing" or getattr(error, "param", None) in _CUSTOMERS


def refusal(error: stripe.StripeError, invoice: InvoiceSnapshot) -> RawDecline:
    """The refusal as the answer to the invoice's payment method. No bank has seen it."""
    code = error.code or NOT_CHARGEABLE
    if code == "resource_missing":
        code = CUSTOMER_DELETED if getattr(error, "param", None) == "customer" else NO_PAYMENT_METHOD
    method = invoice.payment_method
    return RawDecline(
        error_code=code,
        network=method.network if method else None,
        network_status="not_sent_to_network",
        method=method.ref if method else None,
    )
