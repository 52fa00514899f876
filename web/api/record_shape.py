"""What opens a case, as the API describes it. In which sentence a wrong one is refused: `service/records.py`."""

from typing import Any

from service.records import PlainInvoice

Json = dict[str, Any]
_EVENT: Json = {
    "title": "Stripe event",
    "description": "One event as Stripe sends it, for a billing system that gets them itself.",
    "type": "object",
    "properties": {"id": {"type": "string"}, "object": {"const": "event"}, "type": {"type": "string"}, "data": {}},
    "required": ["id", "object", "type", "data"],
}
_EXAMPLE = {
    "invoice_id": "in_1Q2w3E4r",
    "customer": {"id": "cus_9aB8c7D6", "country": "US"},
    "decline_code": "insufficient_funds",
}


def record_schema() -> Json:
    """Of a failed invoice, or of an event. Whole in itself: the page of all shapes has no place for its parts."""
    invoice = PlainInvoice.model_json_schema()
    [customer] = invoice.pop("$defs").values()
    invoice["properties"]["customer"] = customer
    return {"anyOf": [invoice, _EVENT], "examples": [_EXAMPLE]}
