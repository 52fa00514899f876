"""What a payment method answers to a charge attempt, and the words Stripe has for it."""

from collections.abc import Iterable
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
    code:                 the error code, where it does not follow from the decline code.
    """

    decline_code: str = "generic_decline"
    advice_code: str | None = None
    network_advice_code: str | None = None
    network_decline_code: str | None = None
    blocked: bool = False
    code: str | None = None


@dataclass(frozen=True)
class Processing:
    """A payment that was sent and will be confirmed or returned later: a bank debit, or a card issued in India, whose
    holder is told a day before (docs.stripe.com/india-recurring-payments)."""


@dataclass(frozen=True)
class RequiresAction:
    """The customer must authenticate: the payment intent waits in ``requires_action`` and no charge is made."""


Outcome = Approve | Decline | Processing | RequiresAction
Behaviour = Outcome | Iterable[Outcome]

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
    "bank_account_closed": "account_closed",
    "no_account": "no_account",
    "bank_account_invalid_details": "no_account",
    "bank_account_frozen": "bank_account_restricted",
    "bank_account_restricted": "bank_account_restricted",
    "refer_to_customer": "refer_to_customer",
}

# docs.stripe.com/declines/network-codes (ACH Direct Debit): what Stripe calls each return. R20 is from the block
# reasons of us_bank_account (`status_details.blocked` in the SDK's types).
_ACH_RETURNS = {
    "R01": "insufficient_funds",
    "R02": "bank_account_closed",
    "R03": "bank_account_invalid_details",
    "R04": "bank_account_invalid_details",
    "R05": "debit_not_authorized",
    "R07": "debit_not_authorized",
    "R08": "debit_not_authorized",
    "R09": "insufficient_funds",
    "R10": "debit_not_authorized",
    "R11": "debit_not_authorized",
    "R16": "bank_account_frozen",
    "R20": "bank_account_restricted",
    "R29": "debit_not_authorized",
    "R31": "debit_not_authorized",
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


# error-codes of docs.stripe.com, in its words.
_DEBIT_MESSAGES = {
    "insufficient_funds": "The customer's account has insufficient funds to cover this payment.",
    "account_closed": "The customer's bank account has been closed.",
    "no_account": "The bank account could not be located.",
    "debit_not_authorized": "The customer has notified their bank that this payment was unauthorized.",
    "bank_account_restricted": "The customer's account can not be used with the payment method.",
    "refer_to_customer": "The customer has stopped the payment with their bank.",
}


def ach_return(code: str) -> Decline:
    """The decline of an ACH debit that came back with one of the network's return codes, for example ``R01``."""
    return Decline(_ACH_RETURNS[code], network_decline_code=code)


def error_code(decline: Decline, method_type: str = "card") -> str:
    if decline.code is not None:
        return decline.code
    if method_type != "card" and decline.decline_code == "insufficient_funds":
        return "insufficient_funds"
    return _OWN_ERROR_CODE.get(decline.decline_code, "card_declined")


def message(decline: Decline, method_type: str = "card") -> str:
    if method_type != "card":
        return _DEBIT_MESSAGES.get(error_code(decline, method_type), "The payment failed.")
    return _MESSAGES.get(decline.decline_code, "Your card was declined.")
