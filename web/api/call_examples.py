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
_SCRIPT: dict[str, Any] = {
    "language": "en",
    "ask": "Hello, this is Example. Am I speaking with Ada Example?",
    "check": (
        "Before I say what it is about: are you that person yourself? Then please tell me the e-mail "
        "address or the postal code that we have on file for you. If you would rather make sure first "
        "that it is us, please contact us in a way that you know already. And can you speak freely at "
        "the moment? If not, when may I call again?"
    ),
    "stranger": (
        "Thank you, I will try another time. If this is the wrong number, please tell me, so that we do "
        "not call it again. I am sorry for the interruption. Goodbye."
    ),
    "machine": "Hello, this is Example. Please call us back on +12125550100. Thank you.",
    "lines": [
        "Thank you. I am calling about invoice INV-0042. $50.00 of it is still unpaid.",
        (
            "If you have paid it already, had cancelled before, or if something about it is not right, "
            "please tell me. Otherwise, how would you like to pay it?"
        ),
        (
            "If you need some time, please tell me the day by which you will pay. Until that day is over we "
            "will neither remind you of it nor try to collect it ourselves."
        ),
        "I can send you the link to the payment page, by e-mail or by text message.",
        "Please do not give me any card or bank details on the telephone.",
        (
            "If you do not want to be called about this, or if telephone calls do not suit you, for example "
            "because you do not hear well, please tell me: we will not call you again, and you can have it "
            "in writing."
        ),
        "Thank you for your time. Goodbye.",
    ],
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
        "others": [],
        "offers": ["promise", "pay_link"],
        "may_call": True,
        "why_not": "",
        "windows": [{"start": "2026-11-06T14:12:00Z", "end": "2026-11-06T23:00:00Z"}],
        "local_windows": ["2026-11-06 09:12 to 18:00"],
        "call_hours": [],
        "best": {"start": "2026-11-06T14:12:00Z", "end": "2026-11-06T23:00:00Z"},
        "local_best": "2026-11-06 09:12 to 18:00",
        "answered_before": [],
        "script": _SCRIPT,
        "history": [{"at": "2026-11-05T14:06:51Z", "what": "friendly e-mail delivered"}],
    },
}
