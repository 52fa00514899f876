"""Thin events of Stripe's second API, beside the snapshots: the notification, and the event that is read by its id.

(docs.stripe.com/event-destinations; fields as in the SDK's `v2.core.Event` and `EventNotification`.)
"""

from datetime import UTC, datetime

from sandbox.providers.journal import Json

_PREFIX = "evt_65thin"
_URLS = {
    "invoice": "/v1/invoices/",
    "customer": "/v1/customers/",
    "payment_method": "/v1/payment_methods/",
    "charge": "/v1/charges/",
    "dispute": "/v1/disputes/",
    "subscription": "/v1/subscriptions/",
}


def notification(event: Json) -> Json:
    """What an event destination gets of a snapshot event when it takes thin ones."""
    about, request = event["data"]["object"], event["request"]
    kind = about["object"]
    reason = {"type": "request", "request": dict(request)} if request["id"] else None
    return {
        "id": f"{_PREFIX}{event['id'].removeprefix('evt_')}",
        "object": "v2.core.event",
        "type": f"v1.{event['type']}",
        "created": datetime.fromtimestamp(event["created"], UTC).isoformat().replace("+00:00", "Z"),
        "livemode": event["livemode"],
        "context": event.get("account"),
        "reason": reason,
        # What is none yet (an upcoming invoice) leads nowhere.
        "related_object": {
            "id": about["id"],
            "type": kind,
            "url": f"{_URLS.get(kind, f'/v1/{kind}s/')}{about['id']}",
        }
        if "id" in about
        else None,
    }


def thin_event(event: Json) -> Json:
    """The event itself, as its id leads to it."""
    return {**notification(event), "changes": None, "snapshot_event": event["id"]}


def snapshot_id(thin_id: str) -> str:
    """The id of the snapshot event."""
    return f"evt_{thin_id.removeprefix(_PREFIX)}"
