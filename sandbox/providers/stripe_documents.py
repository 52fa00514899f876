"""Builders of Stripe's billing documents (invoice, payment, charge), API version 2026-10-28.endive: plain JSON."""

from base64 import b64encode
from copy import deepcopy

from sandbox.providers.journal import Json
from sandbox.providers.stripe_outcomes import Decline, error_code, message


def invoice(
    id_: str,
    created: int,
    *,
    customer: Json,
    subscription: Json | None,
    number: str,
    amount: int,
    currency: str,
    collection_method: str,
    due_date: int | None,
    billing_reason: str,
) -> Json:
    """An open invoice. `Invoices.finalize` puts the customer's balance to it."""
    parent = None
    if subscription is not None:
        parent = {
            "quote_details": None,
            "subscription_details": {
                "metadata": dict(subscription["metadata"]),
                "subscription": subscription["id"],
            },
            "type": "subscription_details",
        }
    return {
        "id": id_,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Sandbox Merchant",
        "account_tax_ids": None,
        "amount_due": amount,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": amount,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": collection_method == "charge_automatically",
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None, "status": None},
        "automatically_finalizes_at": None,
        "billing_reason": billing_reason,
        "collection_method": collection_method,
        "created": created,
        "currency": currency,
        "custom_fields": None,
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": due_date,
        "effective_at": created,
        "ending_balance": 0,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": f"https://invoice.stripe.com/i/{_secret(id_)}?s=ap",
        "invoice_pdf": f"https://pay.stripe.com/invoice/{_secret(id_)}/pdf?s=ap",
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": {
            "object": "list",
            "data": [line(id_, created, subscription, amount, currency)],
            "has_more": False,
            "url": f"/v1/invoices/{id_}/lines",
        },
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": number,
        "on_behalf_of": None,
        "parent": parent,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": created,
        "period_start": created - 30 * 86_400,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "open",
        "status_details": {"uncollectible": None},
        "status_transitions": {
            "finalized_at": created,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": amount,
        "subtotal_excluding_tax": amount,
        "test_clock": None,
        "total": amount,
        "total_discount_amounts": [],
        "total_excluding_tax": amount,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": created,
    }


def _secret(invoice_id: str) -> str:
    """The account and the secret of an invoice's links, as long as Stripe's own: they hold an encoded list of
    account, invoice secret and number (seen in public webhook fixtures, 159 characters in all)."""
    account, own = "acct_1SandboxMerchant", invoice_id[-12:].rjust(12, "0")
    hidden = b64encode(f"{account},_Q{own}mWYbG0v5bByby88HX6,117752075".encode()).decode().rstrip("=")
    return f"{account}/test_{hidden}0200jYcTOCX7"


def line(invoice_id: str, created: int, subscription: Json | None, amount: int, currency: str) -> Json:
    """One line of an invoice."""
    return {
        "id": invoice_id.replace("in_", "il_"),
        "object": "line_item",
        "amount": amount,
        "currency": currency,
        "description": "1 × Subscription",
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": {},
        "period": {"end": created, "start": created - 30 * 86_400},
        "quantity": 1,
        "subscription": subscription["id"] if subscription else None,
        "subtotal": amount,
        "taxes": [],
    }


def setup_intent(id_: str, created: int, *, method: Json, usage: str) -> Json:
    """A payment method that was set up: for payments with its holder (`on_session`) or without (`off_session`)."""
    return {
        "id": id_,
        "object": "setup_intent",
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{id_}_secret_sandbox",
        "created": created,
        "customer": method["customer"],
        "description": None,
        "last_setup_error": None,
        "livemode": False,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "payment_method": method["id"],
        "payment_method_types": [method["type"]],
        "status": "succeeded",
        "usage": usage,
    }


def invoice_payment(id_: str, created: int, *, invoice: Json, payment: Json, amount: int, is_default: bool) -> Json:
    """payment: a payment intent or a payment record."""
    return {
        "id": id_,
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": amount,
        "created": created,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": is_default,
        "livemode": False,
        "payment": {payment["object"]: payment["id"], "type": payment["object"]},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }


def payment_intent(
    id_: str, created: int, *, customer: str, amount: int, currency: str, description: str | None
) -> Json:
    return {
        "id": id_,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{id_}_secret_sandbox",
        "confirmation_method": "automatic",
        "created": created,
        "currency": currency,
        "customer": customer,
        "description": description,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": "off_session",
        "statement_descriptor": None,
        "status": "requires_payment_method",
    }


def charge(id_: str, created: int, *, intent: Json, method: Json, amount: int) -> Json:
    """A charge in status ``pending`` without an outcome; `succeed` and `fail` complete it."""
    kind = method["type"]
    # A charge remembers its payment method without what only concerns further use.
    left_out = {
        "card": {"display_brand", "generated_from", "networks", "three_d_secure_usage"},
        "sepa_debit": {"generated_from"},
        "us_bank_account": {"financial_connections_account", "networks", "status_details"},
    }
    details = {name: value for name, value in method[kind].items() if name not in left_out.get(kind, set())}
    if kind == "card":
        details |= {"installments": None, "mandate": None, "network": details["brand"], "three_d_secure": None}
    return {
        "id": id_,
        "object": "charge",
        "amount": amount,
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "captured": False,
        "created": created,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {kind: details, "type": kind},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "status": "pending",
    }


def succeeded_outcome() -> Json:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "Payment complete.",
        "type": "authorized",
    }


def declined_outcome(decline: Decline) -> Json:
    return {
        "advice_code": decline.advice_code,
        "network_advice_code": decline.network_advice_code,
        "network_decline_code": decline.network_decline_code,
        "network_status": "not_sent_to_network" if decline.blocked else "declined_by_network",
        "reason": (decline.code or "highest_risk_level") if decline.blocked else decline.decline_code,
        "risk_level": "highest" if decline.blocked else "normal",
        "risk_score": 92 if decline.blocked else 12,
        "seller_message": (
            "Stripe blocked this payment as too risky."
            if decline.blocked
            else "The bank returned the decline code `" + decline.decline_code + "`."
        ),
        "type": "blocked" if decline.blocked else "issuer_declined",
    }


def payment_error(decline: Decline, *, charge_id: str, method: Json) -> Json:
    """The error object of a refused charge, as in `last_payment_error` and in a 402 answer. It keeps the payment
    method that was tried as it was then."""
    code = error_code(decline, method["type"])
    error: Json = {
        "charge": charge_id,
        "code": code,
        "decline_code": decline.decline_code,
        "doc_url": f"https://docs.stripe.com/error-codes/{code.replace('_', '-')}",
        "message": message(decline, method["type"]),
        "payment_method": deepcopy(method),
        "type": "card_error",
    }
    for name in ("advice_code", "network_advice_code", "network_decline_code"):
        if (value := getattr(decline, name)) is not None:
            error[name] = value
    return error
