"""Examples of what the API takes and answers, by the name of the shape: the description has them, and docs/api.md."""

from typing import Any

INVOICE, CUSTOMER, EVENT = "in_1Q2w3E4r", "cus_9aB8c7D6", "evt_1Q2w3E4r5t"
ENDPOINT, BULK, MESSAGE = "ep_5f0c2a9b7d31", "bulk_4f2a9c1e7b3d5a60", "msg_2b8e5d0f9a61c374"
ADDRESS, TERMS = "https://example.com/events", "0f6c2a9b7d315e84"
CALL = "call_5f0c2a9b7d31e864f0a2"
STEP, VERSION, CURSOR = "d01-charge", '"924a34a196963f98"', "2026-11-02T08:14:05Z/in_1Q2w3E4r"
PARAMETERS = {
    "invoice": INVOICE,
    "customer": CUSTOMER,
    "event": EVENT,
    "endpoint": ENDPOINT,
    "bulk": BULK,
    "call": CALL,
    "channel": "email",
    "protection": "bankruptcy",
    "format": "csv",
    "provider": "application",
    "version": TERMS,
}
"""Names in paths."""

_LINE_USER = "U4af4980629f04af4980629f04af49806"
_EVENINGS = {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "17:00", "end": "19:00"}
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
_KNOWN = {"customer_id": CUSTOMER, "name": "Ada Example", "country": "US", "region": "MA", "language": "en"}
_PROTECTED = {
    "protection": "bankruptcy",
    "event_id": "crm-2201",
    "since": "2026-11-20T09:30:00Z",
    "until": None,
    "source": "billing",
    "by": "crm",
    "note": "court file 36 IN 114/26",
    "ended_at": None,
    "ended_by": "",
    "end_note": "",
}
_ACCEPTANCE = {
    "customer_id": CUSTOMER,
    "event_id": "sign-up-8812",
    "version": TERMS,
    "language": "en",
    "at": "2026-10-20T09:30:00Z",
    "where": "sign-up page, order 8812",
    "by": "billing",
}
_COURSE = {
    "writes_from": 3,
    "tries": 6,
    "tries_of_provider": False,
    "tries_faults_at_once": True,
    "grace_days": 10,
    "limits": [{"day": 10, "access": "read_only"}],
    "notice_days": 7,
    "ends_after": 28,
    "cancels": True,
    "collections_from": [{"amount": 5000, "currency": "USD"}],
}
_CONSENT = {
    "channel": "email",
    "wish": "opted_out",
    "purpose": "service",
    "at": _OPENED,
    "source": "billing",
    "proof": "ticket 4711",
    "event_id": "crm-1017",
    "taken_back_at": None,
}
_ENDPOINT = {
    "endpoint_id": ENDPOINT,
    "url": ADDRESS,
    "types": ["case.closed"],
    "made_at": _OPENED,
    "state": "works",
    "waiting": 0,
    "given_up": 0,
    "failing_since": None,
    "next_try": None,
    "disabled_at": None,
    "note": "",
}
_BULK: dict[str, Any] = {
    "id": BULK,
    "order": {"name": "write_off", "note": "agreed with finance"},
    "dry_run": True,
    "state": "shown",
    "total": 2,
    "cases": {"ready": 1, "refused": 1},
    "by": "Olga",
    "made_at": _OPENED,
    "ended_at": None,
    "note": "",
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
    "CustomersAnswer": {
        "customers": [{**_KNOWN, "open_cases": 1, "due": [_DUE]}],
        "after": None,
    },
    "PersonFile": {
        "schema_version": 1,
        "customer_id": CUSTOMER,
        "made_at": "2026-11-24T09:30:00Z",
        "tables": {
            "acceptances": [
                {
                    "customer_id": CUSTOMER,
                    "event_id": "sign-up-1",
                    "version": TERMS,
                    "language": "en",
                    "at": "2026-01-05T10:00:00Z",
                    "where": "sign-up page, order 1",
                    "by": "shop",
                }
            ]
        },
    },
    "ErasedAnswer": {"customer_id": CUSTOMER, "erased": True},
    "CallTime": _EVENINGS,
    "WaysChange": {"preferred_channel": "line", "line_user_id": _LINE_USER, "call_hours": [_EVENINGS]},
    "WaysKnown": {
        "customer_id": CUSTOMER,
        "preferred_channel": "line",
        "line_user_id": _LINE_USER,
        "call_hours": [_EVENINGS],
    },
    "CustomerAnswer": {
        **_KNOWN,
        "time_zone": "America/New_York",
        "time_zones": ["America/New_York"],
        "segment": "",
        "preferred_channel": None,
        "call_hours": None,
        "open_cases": [
            {
                "invoice_id": INVOICE,
                "number": "INV-0042",
                "status": "open",
                "due": _DUE,
                "opened_at": _OPENED,
                "policy": "standard@1",
                "hold": None,
                "next_step": "retry on day 1",
                "next_step_at": _NEXT,
            }
        ],
        "due": [_DUE],
        "addresses": [
            {"channel": "email", "state": "open", "address": "ada@customers.example", "why": None, "closed_by": []}
        ],
        "contacts": [
            {
                "at": "2026-11-05T14:06:51Z",
                "invoice_id": INVOICE,
                "channel": "email",
                "stage": "friendly",
                "state": "sent",
                "delivery": None,
            }
        ],
        "caps": [{"policy": "standard@1", "per_week": 3, "distance": "P1D", "used": 1, "next_at": None}],
        "replies": [],
    },
    "Protected": _PROTECTED,
    "ProtectionsAnswer": {"customer_id": CUSTOMER, "standing": [_PROTECTED], "history": [_PROTECTED]},
    "AcceptancesAnswer": {"customer_id": CUSTOMER, "acceptances": [_ACCEPTANCE]},
    "TermsAnswer": {
        "version": TERMS,
        "since": "2026-10-01T07:00:12Z",
        "in_force": True,
        "language": "en",
        "languages": ["de", "en", "es", "fr", "ja", "pt-br", "th"],
        "link": f"https://dunning.example.com/terms/{TERMS}",
        "terms": {
            "due_days": None,
            "methods": [],
            "late_fee": {},
            "collected": _COURSE,
            "sent": None,
        },
        "text": {
            "title": "Payment terms of Example",
            "sections": [
                {
                    "heading": "If a payment does not go through",
                    "sentences": [
                        "We plan up to 6 further tries within 28 days.",
                        "For 10 days nothing changes for you.",
                    ],
                }
            ],
        },
    },
    "ConsentsAnswer": {"customer_id": CUSTOMER, "consents": [_CONSENT], "history": [_CONSENT]},
    "EndpointOrder": {"url": ADDRESS, "types": ["case.closed"]},
    "EndpointAnswer": _ENDPOINT,
    "EndpointsAnswer": {"endpoints": [_ENDPOINT]},
    "SecretAnswer": {"endpoint_id": ENDPOINT, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
    "RotateOrder": {"grace_hours": 24},
    "ReplayOrder": {"since": "2026-11-01T00:00:00Z"},
    "ReplayAnswer": {"endpoint_id": ENDPOINT, "sent_again": 12},
    "TrialAnswer": {"endpoint_id": ENDPOINT, "taken": True, "why": ""},
    "DeliveriesAnswer": {
        "deliveries": [
            {
                "number": 1,
                "message_id": MESSAGE,
                "invoice_id": INVOICE,
                "type": "case.opened",
                "at": _OPENED,
                "state": "done",
                "attempts": 0,
                "first_try": None,
                "next_try": None,
                "note": "",
            }
        ],
        "after": None,
    },
    "BulkAnswer": _BULK,
    "BulksAnswer": {"orders": [_BULK], "before": None},
    "BulkCasesAnswer": {
        "cases": [
            {
                "number": 1,
                "invoice_id": INVOICE,
                "state": "ready",
                "version": VERSION.strip('"'),
                "then": "at once: invoice marked uncollectible (written off by Olga)",
                "why": "",
            }
        ],
        "after": None,
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

ANSWERS: dict[str, dict[str, Any]] = {
    "endpoints_disabled": _ENDPOINT
    | {"state": "disabled", "disabled_at": "2026-11-03T09:00:00Z", "note": "Disabled by hand."},
    "bulk_orders_made": _BULK | {"state": "looking", "cases": {"new": 2}},
    "bulk_orders_run": _BULK | {"state": "ordering"},
    "bulk_orders_cancel": _BULK
    | {"state": "cancelled", "cases": {"left": 1, "refused": 1}, "note": "cancelled by Olga", "ended_at": _NEXT},
}
"""By the id of the operation, where its answer is not as the shape's example."""
