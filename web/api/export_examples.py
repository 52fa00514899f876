"""Examples of the lines of exports."""

from typing import Any

from domain.base import Frozen
from service.cases import Listed
from service.exports import CustomerLine, MessageLine, RecordLine
from web.api.examples import CUSTOMER, INVOICE, SHAPES

LINES: dict[type[Frozen], dict[str, Any]] = {
    Listed: SHAPES["CasePage"]["cases"][0],
    RecordLine: {"number": 1, "invoice_id": INVOICE, **SHAPES["RecordAnswer"]["entries"][0]},
    MessageLine: {
        "number": 1,
        "invoice_id": INVOICE,
        "delivery": "delivered",
        "delivery_why": "",
        "delivery_at": "2026-11-05T14:07:20Z",
        **{name: value for name, value in SHAPES["MessagesAnswer"]["messages"][0].items() if name != "to"},
    },
    CustomerLine: {
        "customer_id": CUSTOMER,
        "country": "US",
        "region": "MA",
        "language": "en",
        "time_zone": "America/New_York",
        "segment": "",
        "open_cases": 1,
        "due": [{"amount": 5000, "currency": "USD"}],
    },
}
