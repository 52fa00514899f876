"""Whose fault a refused charge is: ours and the account's stop for an operator, a customer's own objects do not."""

import pytest
import stripe

from domain.invoice import InvoiceState
from domain.money import Money
from gateways.ports.payments import InvoiceSnapshot
from gateways.stripe_api import translated
from gateways.stripe_refusals import is_of_customer, refusal

USD = Money(amount=1999, currency="USD")
INVOICE = InvoiceSnapshot(
    id="in_1", number=None, state=InvoiceState.OPEN, currency="USD", amount=USD, remaining=USD, customer_id="cus_1"
)


def refused(code: str | None, param: str | None = None, status: int = 400) -> stripe.InvalidRequestError:
    return stripe.InvalidRequestError("of no interest", param, code, http_status=status)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("code", "param"),
    [
        ("parameter_unknown", "payment_method_option"),
        ("parameter_missing", "payment_method"),
        ("parameter_invalid_empty", "payment_method"),
        ("parameter_invalid_integer", None),
        ("parameters_exclusive", None),
        ("resource_missing", "invoice"),
        ("payment_method_unactivated", None),
        ("testmode_charges_only", None),
        ("livemode_mismatch", None),
    ],
)
def test_our_own_request_and_the_account_are_an_operators(code: str, param: str | None) -> None:
    """R12: no other customer would fare better."""
    assert not is_of_customer(refused(code, param))


@pytest.mark.parametrize(
    ("code", "param", "status", "said"),
    [
        ("resource_missing", "payment_method", 400, "no_payment_method"),
        ("resource_missing", None, 400, "no_payment_method"),
        ("resource_missing", "customer", 404, "customer_deleted"),
        ("payment_method_currency_mismatch", None, 400, "payment_method_currency_mismatch"),
        ("a_code_of_next_year", None, 400, "a_code_of_next_year"),
        (None, None, 400, "not_chargeable"),
    ],
)
def test_a_customers_own_objects_are_a_result(code: str | None, param: str | None, status: int, said: str) -> None:
    """R12: also what no table knows: it neither stops the case nor is repeated for ever."""
    error = refused(code, param, status)

    assert is_of_customer(error)
    assert said == refusal(error, INVOICE).error_code


@pytest.mark.parametrize("code", ["lock_timeout", "rate_limit", "idempotency_key_in_use"])
def test_a_busy_stripe_says_nothing_about_the_customer(code: str) -> None:
    """It is asked again under the same key."""
    assert not is_of_customer(refused(code, status=429))
    assert not is_of_customer(refused(code))


def test_an_account_that_lacks_something_is_named() -> None:
    """The operator reads what to change and which invoice waits for it."""
    found = translated(refused("payment_method_unactivated"), "pay invoice in_1")

    assert "Stripe's account does not allow it (payment_method_unactivated): could not pay invoice in_1." in str(found)
