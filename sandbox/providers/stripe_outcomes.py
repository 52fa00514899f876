"""What a payment method answers to a charge attempt, and the words Stripe has for it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Approve:
    """The charge succeeds."""


@dataclass(frozen=True)
class Decline:
    """The issuer (or Stripe's own risk rules, if `blocked`) refuses the charge.

    decline_code:         rules.md 2.1, for example ``insufficient_funds``.
    advice_code:          confirm_card_data, do_not_try_again or try_again_later.
    network_advice_code:  two digits (Mastercard's merchant advice code).
    network_decline_code: the network's own response code; its meaning depends on the brand.
    blocked:              stopped before it reached the network, as Radar does.
    """

    decline_code: str = "generic_decline"
    advice_code: str | None = None
    network_advice_code: str | None = None
    network_decline_code: str | None = None
    blocked: bool = False


@dataclass(frozen=True)
class Processing:
    """A bank debit that was sent and will be confirmed or returned later."""


@dataclass(frozen=True)
class RequiresAction:
    """The customer must authenticate: the payment intent waits in ``requires_action`` and no charge is made."""


Outcome = Approve | Decline | Processing | RequiresAction

APPROVE = Approve()
PROCESSING = Processing()
AUTHENTICATION_REQUIRED = RequiresAction()

# Most decline codes come with the error code `card_declined`; these are error codes of their own.
_OWN_ERROR_CODE = {
    "expired_card": "expired_card",
    "incorrect_cvc": "incorrect_cvc",
    "invalid_cvc": "invalid_cvc",
    "incorrect_number": "incorrect_number",
    "invalid_number": "invalid_number",
    "invalid_expiry_month": "invalid_expiry_month",
    "invalid_expiry_year": "invalid_expiry_year",
    "incorrect_zip": "incorrect_zip",
    "processing_error": "processing_error",
    "authentication_required": "authentication_required",
    # Bank debits: the return reason is the error code.
    "debit_not_authorized": "debit_not_authorized",
    "account_closed": "account_closed",
    "no_account": "no_account",
    "refer_to_customer": "refer_to_customer",
}

_MESSAGES = {
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "invalid_cvc": "Your card's security code is invalid.",
    "incorrect_number": "Your card number is incorrect.",
    "invalid_number": "Your card number is invalid.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "card_not_supported": "Your card is not supported.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
}


def error_code(decline: Decline) -> str:
    return _OWN_ERROR_CODE.get(decline.decline_code, "card_declined")


def message(decline: Decline) -> str:
    return _MESSAGES.get(decline.decline_code, "Your card was declined.")
