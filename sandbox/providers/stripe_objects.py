"""Builders of Stripe's customers, payment methods and subscriptions, API version 2026-10-28.endive.

Plain JSON; references to other objects are ids.
"""

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


def customer(id_: str, created: int, *, name: str, email: str | None, phone: str | None, country: str | None) -> Json:
    return {
        "id": id_,
        "object": "customer",
        "address": {**NO_ADDRESS, "country": country} if country else None,
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
        kind: {"bank_code": None, "country": country, "fingerprint": fingerprint, "last4": last4},
        "created": created,
        "customer": customer_id,
        "livemode": False,
        "metadata": {},
        "type": kind,
    }


def subscription(id_: str, created: int, *, customer_id: str, amount: int, currency: str) -> Json:
    return {
        "id": id_,
        "object": "subscription",
        "billing_cycle_anchor": created,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": created,
        "currency": currency,
        "customer": customer_id,
        "days_until_due": None,
        "default_payment_method": None,
        "default_source": None,
        "description": None,
        "discounts": [],
        "ended_at": None,
        "items": {
            "object": "list",
            "data": [
                {
                    "id": id_.replace("sub_", "si_"),
                    "object": "subscription_item",
                    "created": created,
                    "current_period_end": created + 30 * 86_400,
                    "current_period_start": created,
                    "metadata": {},
                    "price": {
                        "id": id_.replace("sub_", "price_"),
                        "object": "price",
                        "currency": currency,
                        "recurring": {"interval": "month", "interval_count": 1},
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
        "trial_start": None,
    }
