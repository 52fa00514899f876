"""Builders of Stripe's customers, payment methods and subscriptions, API version 2026-10-28.endive.

Plain JSON; references to other objects are ids.
"""

from collections.abc import Mapping

from sandbox.providers.journal import Json

API_VERSION = "2026-10-28.endive"

NO_ADDRESS: Json = {
    "city": None,
    "country": None,
    "line1": None,
    "line2": None,
    "postal_code": None,
    "state": None,
}


def customer(
    id_: str,
    created: int,
    *,
    name: str,
    email: str | None,
    phone: str | None,
    country: str | None,
    address: Mapping[str, str] | None = None,
) -> Json:
    return {
        "id": id_,
        "object": "customer",
        "address": {**NO_ADDRESS, **(address or {}), "country": country} if country else None,
        "balance": 0,
        "created": created,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "email": email,
        "invoice_prefix": id_[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": name,
        "next_invoice_sequence": 1,
        "phone": phone,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def card(
    id_: str,
    created: int,
    *,
    customer_id: str,
    billing: Json,
    brand: str,
    last4: str,
    exp_month: int,
    exp_year: int,
    fingerprint: str,
    country: str | None,
    funding: str,
) -> Json:
    return {
        "id": id_,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing,
        "card": {
            "brand": brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "pass",
            },
            "country": country,
            "display_brand": brand,
            "exp_month": exp_month,
            "exp_year": exp_year,
            "fingerprint": fingerprint,
            "funding": funding,
            "generated_from": None,
            "last4": last4,
            "networks": {"available": [brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": created,
        "customer": customer_id,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }


def bank_debit(
    id_: str,
    created: int,
    *,
    customer_id: str,
    billing: Json,
    kind: str,
    last4: str,
    fingerprint: str,
    country: str,
) -> Json:
    return {
        "id": id_,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing,
        kind: {"fingerprint": fingerprint, "last4": last4, **_bank_details(kind, country)},
        "created": created,
        "customer": customer_id,
        "livemode": False,
        "metadata": {},
        "type": kind,
    }


def _bank_details(kind: str, country: str) -> Json:
    if kind == "sepa_debit":
        return {"bank_code": "37040044", "branch_code": None, "country": country, "generated_from": None}
    if kind == "us_bank_account":
        return {
            "account_holder_type": "individual",
            "account_type": "checking",
            "bank_name": "SANDBOX BANK",
            "financial_connections_account": None,
            "networks": {"preferred": "ach", "supported": ["ach"]},
            "routing_number": "110000000",
            "status_details": None,
        }
    if kind == "bacs_debit":
        return {"sort_code": "108800"}
    if kind == "au_becs_debit":
        return {"bsb_number": "000000"}
    if kind == "acss_debit":
        return {"bank_name": "SANDBOX BANK", "institution_number": "000", "transit_number": "11000"}
    raise ValueError(
        f"The stand-in has no bank debit {kind!r}: use sepa_debit, us_bank_account, bacs_debit, au_becs_debit or "
        "acss_debit."
    )


def deleted_customer(id_: str) -> Json:
    """What remains of a customer: the API still answers 200, with nothing of the person."""
    return {"id": id_, "object": "customer", "deleted": True}


def subscription(
    id_: str, created: int, *, customer_id: str, amount: int, currency: str, days_until_due: int | None
) -> Json:
    """An active monthly subscription; with `days_until_due` its invoices are sent, else charged automatically."""
    return {
        "id": id_,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": created,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": None, "type": "classic"},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically" if days_until_due is None else "send_invoice",
        "created": created,
        "currency": currency,
        "customer": customer_id,
        "days_until_due": days_until_due,
        "default_payment_method": None,
        "default_source": None,
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": {
            "object": "list",
            "data": [
                {
                    "id": id_.replace("sub_", "si_"),
                    "object": "subscription_item",
                    "created": created,
                    "discounts": [],
                    "current_period_end": created + 30 * 86_400,
                    "current_period_start": created,
                    "metadata": {},
                    "price": {
                        "id": id_.replace("sub_", "price_"),
                        "object": "price",
                        "active": True,
                        "billing_scheme": "per_unit",
                        "created": created,
                        "currency": currency,
                        "livemode": False,
                        "metadata": {},
                        "product": id_.replace("sub_", "prod_"),
                        "recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed"},
                        "type": "recurring",
                        "unit_amount": amount,
                    },
                    "quantity": 1,
                    "subscription": id_,
                }
            ],
            "has_more": False,
            "url": f"/v1/subscription_items?subscription={id_}",
        },
        "latest_invoice": None,
        "livemode": False,
        "metadata": {},
        "pause_collection": None,
        "start_date": created,
        "status": "active",
        "test_clock": None,
        "trial_end": None,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": None,
    }
