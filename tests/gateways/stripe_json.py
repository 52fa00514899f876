"""One open invoice as Stripe's JSON, in the shape of before and after basil."""

from typing import Any

CARD = {"id": "pm_1", "type": "card", "card": {"brand": "visa", "fingerprint": "fp_1", "country": "US"}}
LAST_ERROR = {
    "type": "card_error",
    "code": "card_declined",
    "decline_code": "do_not_honor",
    "charge": "ch_1",
    "payment_method": CARD,
}
COMMON: dict[str, Any] = {
    "id": "in_1",
    "object": "invoice",
    "amount_due": 1999,
    "amount_remaining": 1500,
    "currency": "usd",
    "customer": "cus_1",
    "default_payment_method": None,
    "hosted_invoice_url": "https://invoice.stripe.com/i/1",
    "number": "A-1",
    "status": "open",
}
INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "last_payment_error": LAST_ERROR,
    "status": "requires_payment_method",
}
BEFORE_BASIL = COMMON | {"payment_intent": INTENT, "subscription": "sub_1", "charge": "ch_1", "paid": False}
CURRENT = COMMON | {
    "parent": {"type": "subscription_details", "subscription_details": {"subscription": "sub_1", "metadata": {}}},
    "payments": {
        "object": "list",
        "data": [
            {
                "id": "inpay_1",
                "created": 1,
                "is_default": True,
                "payment": {"type": "payment_intent", "payment_intent": INTENT},
                "status": "open",
            }
        ],
    },
}
