"""Where Stripe keeps things inside its objects, in both shapes (see stripe_shapes). Pure functions of plain JSON."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from domain.case import ACCOUNT_VERIFICATION, ChargeOutcome
from domain.declines import RawDecline
from domain.invoice import Rail, SubscriptionState
from domain.retries import OwnTries
from domain.texts import one_line
from gateways.ports.payments import Line, PaymentMethod

Json = Mapping[str, Any]

# What Stripe answers when the customer has to confirm the payment with the bank.
REQUIRES_ACTION = "invoice_payment_intent_requires_action"

_DEPOSITS = "verify_with_microdeposits"
# What a customer pays in cash, at a shop or a bank: Stripe hears of it a business day later.
_VOUCHERS = frozenset(
    {"boleto_display_details", "konbini_display_details", "multibanco_display_details", "oxxo_display_details"}
)
_ENDS_OF_RECORDS = ("guaranteed", "failed", "canceled")
_TRANSFER = "display_bank_transfer_instructions"
# What a customer began on a page and left: a code to be scanned, an app to be opened. No bank asks for anything.
_BEGUN = frozenset(
    {
        "alipay_handle_redirect",
        "blik_authorize",
        "cashapp_handle_redirect_or_display_qr_code",
        "klarna_display_qr_code",
        "paynow_display_qr_code",
        "pix_display_qr_code",
        "promptpay_display_qr_code",
        "swish_handle_redirect_or_display_qr_code",
        "wechat_pay_display_qr_code",
        "wechat_pay_redirect_to_android_app",
        "wechat_pay_redirect_to_ios_app",
    }
)
_LONGEST_ID = 255
# Seconds until the year 2100, and the milliseconds since the year 2001: no number is both.
_SECONDS = range(4_102_444_800)
_MILLISECONDS = range(1_000_000_000_000, 4_102_444_800_000)
_EPOCH = datetime.fromtimestamp(0, UTC)
# docs.stripe.com/api/payment_methods/object; `ach_debit` is what charges of old-style bank accounts say.
_RAILS: Mapping[str, Rail] = {
    "ach_debit": Rail.ACH,
    "acss_debit": Rail.PAD,
    "au_becs_debit": Rail.AU_BECS,
    "bacs_debit": Rail.BACS,
    "nz_bank_account": Rail.NZ_BECS,
    "sepa_debit": Rail.SEPA,
    "upi": Rail.UPI,
    "us_bank_account": Rail.ACH,
}
_CODES = ("decline_code", "advice_code", "network_advice_code", "network_decline_code")


def object_id(value: object) -> str | None:
    """The id of a reference, whether Stripe expanded it to an object or not. None for what cannot be one.

    Stripe's ids have at most 255 characters, all of which can be printed; one of dots alone would lead to another place
    of the API.
    """
    if isinstance(value, Mapping):
        value = value.get("id")
    if not isinstance(value, str) or len(value) > _LONGEST_ID or not value.isprintable():
        return None
    return value if value.strip(". ") else None


def expanded(value: object) -> Json:
    """The object behind a reference; empty when the reference was not expanded or there is none."""
    return value if isinstance(value, Mapping) else {}


def text(source: Json, name: str) -> str | None:
    """A field's value where it is a text; None for anything else."""
    value = source.get(name)
    return value if isinstance(value, str) else None


def moment(value: object) -> datetime | None:
    """Stripe's Unix seconds, or an exporter's milliseconds, as an aware UTC datetime; None for what is neither."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    if value in _MILLISECONDS:
        value //= 1000
    return datetime.fromtimestamp(value, UTC) if value in _SECONDS else None


def subscription_id(invoice: Json) -> str | None:
    """The invoice's subscription, in either shape."""
    details = expanded(expanded(invoice.get("parent")).get("subscription_details"))
    return object_id(details.get("subscription")) or object_id(invoice.get("subscription"))


def subscription_state(invoice: Json) -> SubscriptionState | None:
    """How the invoice's subscription stands, where the reference is expanded."""
    details = expanded(expanded(invoice.get("parent")).get("subscription_details"))
    found = expanded(details.get("subscription")) or expanded(invoice.get("subscription"))
    match found.get("status"):
        case "incomplete" | "incomplete_expired":
            return SubscriptionState.NOT_BEGUN
        case "canceled":
            return SubscriptionState.ENDED
        case str():
            return SubscriptionState.RUNS
    return None


def own_tries(invoice: Json) -> OwnTries | None:
    """Stripe's own tries by its plan; None where the invoice does not show them. The time of the first try of all is
    the invoice's beginning, and no plan to try again."""
    made = retries_made(invoice)
    if made is None or "next_payment_attempt" not in invoice:
        return None
    again = invoice.get("attempted") is True and invoice.get("auto_advance") is not False
    return OwnTries(made=made, next_at=moment(invoice["next_payment_attempt"]) if again else None)


def retries_made(invoice: Json) -> int | None:
    """How often Stripe tried again by itself: any attempt counts as the first, and then only Stripe's own retries (API
    reference, `attempt_count`)."""
    count = invoice.get("attempt_count")
    return max(0, count - 1) if isinstance(count, int) else None


def is_paying(invoice: Json) -> bool | None:
    """Whether any payment of the invoice is on its way; None where its payments are not shown."""
    shown = isinstance(expanded(invoice.get("payments")).get("data"), list)
    old = isinstance(invoice.get("payment_intent"), Mapping)  # before basil an invoice had one
    if not shown and not old:
        return None
    reported = [_reported(payment) for payment in _payments(invoice) if payment.get("status") == "open"]
    if any(reported) or any(intent.get("status") == "processing" for intent in intents(invoice)):
        return True
    references = [expanded(payment.get("payment")).get("payment_intent") for payment in _payments(invoice)]
    hidden = None in reported or any(isinstance(reference, str) for reference in references)
    return None if hidden else False


def _reported(payment: Json) -> bool | None:
    """Whether an open payment is a record of one that somebody else takes in and whose end was not reported yet; None
    where the record is not shown. What has failed or was canceled stays attached.
    (docs.stripe.com/api/payment-record/object)"""
    means = expanded(payment.get("payment"))
    if means.get("type") != "payment_record":
        return False
    record = expanded(means.get("payment_record"))
    shown = [expanded(record.get(f"amount_{name}")).get("value") for name in ("requested", *_ENDS_OF_RECORDS)]
    amounts = [amount for amount in shown if isinstance(amount, int)]
    return amounts[0] > sum(amounts[1:]) if len(amounts) == len(shown) else None


def verification(invoice: Json) -> Json | None:
    """What is told of the small deposits that the invoice's open payment waits for; empty when it waits for none, None
    where the invoice's payments are not shown. (docs.stripe.com/api/payment_intents/object, `next_action`)"""
    return None if is_paying(invoice) is None else _deposits(open_intent(invoice))


def _deposits(intent: Json) -> Json:
    action = expanded(intent.get("next_action"))
    waits = intent.get("status") == "requires_action" and action.get("type") == _DEPOSITS
    return expanded(action.get(_DEPOSITS)) or action if waits else {}


def has_voucher(invoice: Json) -> bool | None:
    """Whether any payment of the invoice waits for a voucher that may have been paid already; None where the invoice's
    payments are not shown. (docs.stripe.com/payments/vouchers)"""
    return None if is_paying(invoice) is None else any(_action(intent) in _VOUCHERS for intent in intents(invoice))


def awaits_transfer(invoice: Json) -> bool | None:
    """Whether the customer has the instructions for a bank transfer; None where the invoice's payments are not shown.
    They last for ever, and money that arrives pays the invoice only when it is all of it.
    (docs.stripe.com/payments/bank-transfers/accept-a-payment)"""
    return None if is_paying(invoice) is None else any(_action(intent) == _TRANSFER for intent in intents(invoice))


def _action(intent: Json) -> str | None:
    """What the payment waits for its customer to do."""
    waits = intent.get("status") == "requires_action"
    return text(expanded(intent.get("next_action")), "type") if waits else None


def default_method(invoice: Json) -> str | Json | None:
    """What Stripe would charge next: invoice, then subscription, then customer; at each, a source comes second.

    An object where the reference was expanded, else its id. (docs.stripe.com/billing/revenue-recovery/smart-retries,
    read 2026-04-12.)
    """
    details = expanded(expanded(invoice.get("parent")).get("subscription_details"))
    subscription = expanded(details.get("subscription")) or expanded(invoice.get("subscription"))
    customer = expanded(invoice.get("customer"))
    for holder, name in (
        (invoice, "default_payment_method"),
        (invoice, "default_source"),
        (subscription, "default_payment_method"),
        (subscription, "default_source"),
        (expanded(customer.get("invoice_settings")), "default_payment_method"),
        (customer, "default_source"),
    ):
        if method := holder.get(name):
            return method if isinstance(method, Mapping) else str(method)
    return None


def chargeable(method: str | Json | None) -> str | Json | None:
    """The method, unless it belongs to no customer any more: one that was detached may still be named as the default,
    and nothing is charged on it. (github.com/dj-stripe/dj-stripe issue 1836)"""
    if not isinstance(method, Mapping) or "customer" not in method:
        return method
    return method if method["customer"] or method.get("customer_account") else None


def has_no_method(invoice: Json) -> bool:
    """Whether it is shown that nothing can be charged: no payment method is named, or one that is nobody's any more.

    Customer and subscription go on naming a method that was detached, and a detached one cannot be used again.
    """
    method = default_method(invoice)
    if isinstance(method, Mapping):
        of_nobody = method.get("customer", "?") is None and not method.get("customer_account")
        return method.get("object") == "payment_method" and of_nobody
    details = expanded(expanded(invoice.get("parent")).get("subscription_details"))
    holders = (details.get("subscription") or invoice.get("subscription"), invoice.get("customer"))
    shown = all(holder is None or isinstance(holder, Mapping) for holder in holders)
    return shown and method is None


def read_method(method: str | Json | None) -> PaymentMethod | None:
    """A payment method, or only its id where that is all there is."""
    identity = object_id(method)
    if identity is None:
        return None
    details = details_of(expanded(method))
    return PaymentMethod(
        id=identity,
        network=network_of(expanded(method)),
        fingerprint=text(details, "fingerprint"),
        country=text(details, "country"),
        expiry=f"{details.get('exp_month')}/{details['exp_year']}" if details.get("exp_year") else None,
        last4=text(details, "last4"),
    )


def lines(invoice: Json) -> tuple[Line, ...]:
    """What the invoice bills, as far as it shows it (the first ten): without credits and what has no description."""
    listed = expanded(invoice.get("lines")).get("data")
    return tuple(
        Line(description=said, start=moment(period.get("start")), end=moment(period.get("end")))
        for line in (listed if isinstance(listed, list) else [])
        if isinstance(line, Mapping) and isinstance(amount := line.get("amount"), int) and amount > 0
        if (said := one_line(text(line, "description") or ""))
        for period in [expanded(line.get("period"))]
    )


def tax(invoice: Json) -> int | None:
    """The tax in the total, in minor units, where the invoice states any. Before basil it was one number (`tax`)."""
    stated = invoice.get("total_taxes")
    amounts = [expanded(each).get("amount") for each in stated] if isinstance(stated, list) else [invoice.get("tax")]
    found = sum(amount for amount in amounts if isinstance(amount, int))
    return found if 0 < found < 2**63 else None


def intents(invoice: Json) -> list[Json]:
    """The invoice's expanded payment intents, the default payment's first, then the newest."""
    ordered = sorted(_payments(invoice), key=lambda payment: bool(payment.get("is_default")), reverse=True)
    found = [expanded(expanded(payment.get("payment")).get("payment_intent")) for payment in ordered]
    return [intent for intent in (*found, expanded(invoice.get("payment_intent"))) if intent]


def open_intent(invoice: Json) -> Json:
    """The payment intent that the next charge of the invoice would be made on; empty when there is none.

    It is the default payment's: Stripe keeps that one at what remains, while a part payment has its own.
    """
    candidates = [i for i in intents(invoice) if i.get("status") not in ("succeeded", "canceled")]
    return candidates[0] if candidates else {}


def intent_decline(intent: Json, charge: Json | None = None) -> RawDecline | None:
    """Why the intent's newest attempt failed, or None if it did not (or there was none)."""
    error = expanded(intent.get("last_payment_error"))
    own_time = _action(intent) in _VOUCHERS | _BEGUN | {_TRANSFER}
    if intent.get("status") == "requires_action" and not own_time:
        return raw_decline(action_error(intent), charge)
    return raw_decline(error, charge) if error else None


def action_error(intent: Json) -> Json:
    """Why an intent waits for its customer, as an error: for the bank's confirmation, or for small deposits."""
    code = ACCOUNT_VERIFICATION if _deposits(intent) else REQUIRES_ACTION
    return {"code": code, "payment_method": intent.get("payment_method")}


def raw_decline(error: Json, charge: Json | None = None) -> RawDecline:
    """All codes of a refused charge: of the error, and what only the charge's outcome shows."""
    outcome = expanded((charge or {}).get("outcome"))
    codes = {name: text(error, name) or text(outcome, name) for name in _CODES}
    # A block by Stripe's own risk rules has its telling code in the outcome only.
    if outcome.get("type") == "blocked" and text(outcome, "reason"):
        codes["decline_code"] = text(outcome, "reason")
    by_charge = network_of(expanded((charge or {}).get("payment_method_details")))
    tried = read_method(error.get("payment_method") or (charge or {}).get("payment_method"))
    return RawDecline(
        error_code=text(error, "code") or text(charge or {}, "failure_code"),
        network=by_charge or network_of(expanded(error.get("payment_method"))),
        network_status=text(outcome, "network_status"),
        method=tried.ref if tried else None,
        **codes,
    )


def charge_outcome(charge: Json) -> ChargeOutcome:
    """What became of a charge."""
    match charge.get("status"):
        case "succeeded":
            return ChargeOutcome.PAID
        case "failed":
            return ChargeOutcome.DECLINED
        case _:
            return ChargeOutcome.PROCESSING


def charge_since(charges: Sequence[Json], since: datetime, fingerprint: str | None) -> Json | None:
    """Of charges, the newest first, the one that was begun at `since`; on a card or account, where that is known.

    What came later on the same one is not it. The moment is ours, the charges' are Stripe's, in whole seconds.
    """
    on_it = [charge for charge in charges if fingerprint and _fingerprint(charge) == fingerprint]
    later = [charge for charge in on_it if (moment(charge.get("created")) or _EPOCH) >= since.replace(microsecond=0)]
    return later[-1] if later else next(iter(on_it or charges), None)


def _fingerprint(charge: Json) -> str | None:
    return text(details_of(expanded(charge.get("payment_method_details"))), "fingerprint")


def paid_by(invoice: Json) -> str | None:
    """The id of the payment that paid the invoice last: a payment intent, a charge or a payment record.

    That is not the one that was begun last: a debit may come through after a part was paid in another way.
    """
    paid = [payment for payment in _payments(invoice) if payment.get("status") == "paid"]
    if paid:
        means = expanded(max(paid, key=_paid_at).get("payment"))
        return object_id(means.get(str(means.get("type"))))
    return object_id(invoice.get("payment_intent")) or object_id(invoice.get("charge"))


def _paid_at(payment: Json) -> datetime:
    return moment(expanded(payment.get("status_transitions")).get("paid_at")) or _EPOCH


def charged(invoice: Json) -> int:
    """What charges have paid of the invoice, in minor units: all but what came in outside Stripe."""
    paid = [payment for payment in _payments(invoice) if payment.get("status") == "paid"]
    means = ("payment_intent", "charge")
    return sum(
        amount
        for payment in paid
        if expanded(payment.get("payment")).get("type") in means
        and isinstance(amount := payment.get("amount_paid"), int)
    )


def _payments(invoice: Json) -> list[Json]:
    """The invoice's payments where the object shows them, the newest first."""
    listed = expanded(invoice.get("payments")).get("data")
    found = [payment for payment in listed if isinstance(payment, Mapping)] if isinstance(listed, list) else []
    return sorted(found, key=lambda payment: moment(payment.get("created")) or _EPOCH, reverse=True)


def details_of(method: Json) -> Json:
    """The block that a method or a charge keeps under the name of its type: `{"type": "card", "card": {…}}`."""
    return expanded(method.get(str(method.get("type"))))


def network_of(method: Json) -> str | None:
    """Over what a payment method or a charge goes: the card network in Stripe's lower-case words, or the rail of a bank
    debit; None for unknown cards and all else."""
    if rail := _RAILS.get(str(method.get("type"))):
        return rail.value
    brand = details_of(method).get("brand")
    return brand.lower() if isinstance(brand, str) and brand != "unknown" else None
