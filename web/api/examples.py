"""Examples of what the API takes and answers, by the name of the shape: the description has them, and docs/api.md."""

from typing import Any

INVOICE, CUSTOMER, EVENT = "in_1Q2w3E4r", "cus_9aB8c7D6", "evt_1Q2w3E4r5t"
STEP, VERSION, CURSOR = "d01-charge", '"924a34a196963f98"', "2026-11-02T08:14:05Z/in_1Q2w3E4r"
PARAMETERS = {
    "invoice": INVOICE,
    "customer": CUSTOMER,
    "event": EVENT,
    "channel": "email",
    "format": "csv",
    "provider": "application",
}
"""Names in paths."""

_DUE = {"amount": 5000, "currency": "USD"}
_OPENED, _NEXT = "2026-11-02T08:14:05Z", "2026-11-03T14:08:46Z"
_WHY = "retry 1 of 6: insufficient funds, due Tue 3 Nov 2026 14:08 UTC"
_CASE = {
    "invoice_id": INVOICE,
    "customer_id": CUSTOMER,
    "status": "open",
    "stage": "silent",
    "policy": "standard@1",
    "amount": _DUE,
    "due": _DUE,
    "decline_class": "retry_later",
    "decline_code": "insufficient_funds",
    "attempts": 0,
    "counting_attempts": 0,
    "holds": [],
    "tried_again": [],
    "warnings": [],
    "agency": None,
    "own_try": None,
    "access": "full",
    "closed_channels": {},
    "outcome": None,
    "next_at": _NEXT,
    "next_step": "retry on day 1",
    "next_key": STEP,
    "version": VERSION.strip('"'),
    "why": _WHY,
    "deciding": False,
    "zone": "America/New_York",
    "plan_is": "Unless something happens",
    "steps": {},
    "record": [
        {
            "at": _OPENED,
            "step": "opening",
            "what": "case opened",
            "why": "50.00 USD due by policy standard@1",
            "rule": None,
            "title": None,
        }
    ],
}
_LISTED: dict[str, Any] = {
    "invoice_id": INVOICE,
    "customer_id": CUSTOMER,
    "status": "open",
    "outcome": None,
    "due": "50.00 USD",
    "decline": "insufficient_funds",
    "policy": "standard@1",
    "opened_at": _OPENED,
    "next_step_at": _NEXT,
    "next_step": "retry on day 1",
    "holds": [],
    "hold": None,
    "why": _WHY,
    "two_owners": False,
    "owed_again": False,
    "reopened_as": None,
    "reopens": None,
    "refund_due": None,
}

SHAPES: dict[str, dict[str, Any]] = {
    "PauseOrder": {"until": "2030-05-01T09:00:00Z", "note": "asked by phone"},
    "NoteOrder": {"note": "agreed with finance"},
    "SettleOrder": {"amount": {"amount": 1000, "currency": "USD"}, "paid": False, "note": "agreed with finance"},
    "SkipOrder": {"step": STEP, "note": "the customer pays by wire"},
    "OpenOrder": {"asked": True, "note": "asked by phone"},
    "CloseOrder": {"event_id": "crm-2032"},
    "ContactReport": {"event_id": "crm-2031", "channel": "email", "result": "read"},
    "AgencyReportBody": {"event_id": "agency-77-1", "report": "payment", "amount": "50.00", "currency": "USD"},
    "CasePage": {"cases": [_LISTED], "after": CURSOR},
    "CaseAnswer": {
        "invoice_id": INVOICE,
        "case": _CASE,
        "plan": [{"at": _NEXT, "title": "retry on day 1", "why": "retry 1 of 6: insufficient funds", "done": True}],
        "in_hand": [],
        "why": "",
    },
    "RecordAnswer": {
        "entries": [
            {
                "at": _OPENED,
                "step": "opening",
                "what": "case opened",
                "why": "50.00 USD due, insufficient funds; policy standard@1",
                "rule": "code-insufficient_funds@2026-11-26",
            }
        ]
    },
    "MessagesAnswer": {
        "messages": [
            {
                "at": "2026-11-05T14:06:51Z",
                "channel": "email",
                "to": "ada@customers.example",
                "stage": "friendly",
                "state": "sent",
                "subject": "Your payment did not go through",
                "text": "Hello Ada, …",
            }
        ]
    },
    "TakenAnswer": {"result": "opened", "invoice_id": INVOICE, "note": ""},
    "HeardAnswer": {"result": "told"},
    "ChannelAnswer": {"customer_id": CUSTOMER, "closed_channels": {"email": "opted out"}},
    "CustomerAnswer": {
        "customer_id": CUSTOMER,
        "open_cases": [INVOICE],
        "closed_channels": {"email": "opted out"},
        "replies": [],
    },
    "InboxAnswer": {
        "events": [
            {
                "id": 1,
                "provider": "stripe",
                "event_id": EVENT,
                "kind": "invoice.paid",
                "at": _OPENED,
                "state": "refused",
                "attempts": 0,
                "next_try": _OPENED,
                "result": "",
                "note": "expected a Stripe event",
                "invoice_id": None,
            }
        ],
        "after": None,
    },
    "AuditAnswer": {
        "entries": [
            {
                "number": 1,
                "at": _OPENED,
                "request_id": "49d910bfbe6d4d5490b49235678f6e2c",
                "key_id": "51b5071c1a76",
                "name": "billing",
                "method": "POST",
                "path": "/v1/cases",
                "status": 200,
            }
        ],
        "after": 1,
    },
}
"""By the name of the shape."""
