"""What Stripe can charge at all: the least amount per currency, and the currencies of each kind of payment method."""

from sandbox.providers.journal import Json
from sandbox.providers.stripe_store import StripeFailure, invalid_request

# Minor units: docs.stripe.com/currencies, "minimum and maximum charge amounts", as woocommerce-gateway-stripe and
# others carry it. A currency that is not listed has no minimum here.
MINIMUM_CHARGE = {
    "aed": 200,
    "aud": 50,
    "bgn": 100,
    "brl": 50,
    "cad": 50,
    "chf": 50,
    "czk": 1500,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "inr": 50,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "sgd": 50,
    "thb": 1000,
    "usd": 50,
}

_SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}
_WITHOUT_DECIMALS = frozenset({"jpy"})
# docs.stripe.com/payments/payment-methods/payment-method-support: what each direct debit can be charged in.
_DEBIT_CURRENCIES = {
    "acss_debit": ("cad", "usd"),
    "au_becs_debit": ("aud",),
    "bacs_debit": ("gbp",),
    "sepa_debit": ("eur",),
    "us_bank_account": ("usd",),
}


def below_minimum(amount: int, currency: str) -> bool:
    return amount < MINIMUM_CHARGE.get(currency, 0)


def too_small(currency: str) -> StripeFailure:
    """Stripe's answer to a charge below the minimum."""
    least = MINIMUM_CHARGE[currency]
    shown = str(least) if currency in _WITHOUT_DECIMALS else f"{least / 100:.2f}"
    return invalid_request(
        f"Amount must be at least {_SYMBOLS.get(currency, '')}{shown} {currency}",
        code="amount_too_small",
        doc_url="https://docs.stripe.com/error-codes/amount-too-small",
    )


def require_currency(method: Json, currency: str) -> None:
    """Raises Stripe's 400 if this kind of payment method cannot be charged in the currency.

    The text is that of public reports (woocommerce-payments issue 3232); none of them shows a `code`.
    """
    allowed = _DEBIT_CURRENCIES.get(method["type"])
    if allowed is None or currency in allowed:
        return
    raise invalid_request(
        f"The currency provided ({currency}) is invalid for one or more payment method types on this PaymentIntent. "
        f"The payment method type {method['type']} only supports the following currencies: {', '.join(allowed)}. "
        "Either correct the provided currency, or use a different PaymentIntent to accept this payment method type."
    )
