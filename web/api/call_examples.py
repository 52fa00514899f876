"""Examples of what the routes of calls take and answer, by the name of the shape."""

from typing import Any

from web.api.examples import CALL, CUSTOMER, INVOICE

_DUE = {"amount": 5000, "currency": "USD"}
_CALL: dict[str, Any] = {
    "call": CALL,
    "invoice_id": INVOICE,
    "customer_id": CUSTOMER,
    "step": "d04-call",
    "state": "open",
    "now": True,
    "call_from": "2026-11-06T14:00:00Z",
    "until": "2026-11-09T14:00:00Z",
    "taken_by": "",
    "taken_until": None,
    "made_by": "person",
    "end_why": "",
}

CALLS: dict[str, dict[str, Any]] = {
    "TakeOrder": {"by": "Ana"},
    "CallReport": {"by": "Ana", "result": "reached"},
    "CallLine": _CALL,
    "CallPage": {"calls": [_CALL], "after": None},
    "CallSaid": {"call": CALL, "result": "reached", "state": "done", "told": True, "call_from": None},
    "CallSheet": {
        "line": _CALL,
        "name": "Ada Example",
        "number": "+12125550123",
        "language": "en",
        "zone": "America/New_York",
        "local_time": "2026-11-06 09:12",
        "due": _DUE,
        "pay_link": "https://invoice.stripe.com/i/acct_1/test_1",
        "offers": ["promise", "pay_link"],
        "may_call": True,
        "why_not": "",
        "windows": [{"start": "2026-11-06T14:12:00Z", "end": "2026-11-06T23:00:00Z"}],
        "local_windows": ["2026-11-06 09:12 to 18:00"],
        "script": {
            "language": "en",
            "ask": "Hello, this is Example. May I speak with Ada Example, please?",
            "check": "Before I say what it is about, please tell me …",
            "stranger": "Thank you. It is nothing for anybody else. …",
            "machine": "Hello, this is Example. Please call us back on +12125550100. Thank you.",
            "lines": ["Thank you. I am calling about invoice INV-0042. $50.00 of it is still unpaid.", "…"],
        },
        "history": [{"at": "2026-11-05T14:06:51Z", "what": "friendly e-mail delivered"}],
    },
}
