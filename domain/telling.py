"""What a running case is told, by name: facts and orders, and who takes them in."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from domain import call_news, events, news, orders, step_orders
from domain.base import Message
from domain.case import Case
from domain.gates import ALLOW, Answer

Take = Callable[[Case, Any, datetime], Case]
Ask = Callable[[Case, Any, datetime], Answer]


class Telling(NamedTuple):
    """One thing that a case can be told: its form, whether it may be carried out, and what the case is afterwards."""

    form: type[Message]
    take: Take
    ask: Ask = lambda _case, _message, _at: ALLOW
    example: str = "{}"  # of an order: its JSON, as a human writes it


FACTS: dict[str, Telling] = {
    "payment_received": Telling(events.PaymentReceived, news.payment_received),
    "invoice_changed": Telling(events.InvoiceChanged, news.invoice_changed),
    "payment_method_changed": Telling(events.PaymentMethodChanged, news.payment_method_changed),
    "dispute_opened": Telling(events.DisputeOpened, news.dispute_opened),
    "dispute_closed": Telling(events.DisputeClosed, news.dispute_closed),
    "contact_reported": Telling(events.ContactReported, news.contact_reported),
    "call_reported": Telling(events.CallReported, call_news.call_reported),
    "contact_changed": Telling(events.ContactChanged, news.contact_changed),
    "person_changed": Telling(events.PersonChanged, news.person_changed),
    "agency_reported": Telling(events.AgencyReported, news.agency_reported),
}
"""Signals with news from outside, each with the provider's event id."""

ORDERS: dict[str, Telling] = {
    "pause": Telling(events.Pause, orders.pause, orders.ask_pause, '{"until": "2099-12-01T09:00:00Z"} or {}'),
    "resume": Telling(events.Resume, orders.resume, orders.ask_resume, '{"note": "new API key"} or {}'),
    "settle": Telling(events.Settle, orders.settle, orders.ask_settle, '{"amount": "15.00 USD"}'),
    "skip": Telling(events.Skip, step_orders.skip, step_orders.ask_skip, '{"step": "d3-charge"} or {}'),
    "retry_now": Telling(
        events.RetryNow, step_orders.retry_now, step_orders.ask_retry_now, '{"note": "by phone"} or {}'
    ),
    "hand_off": Telling(events.HandOff, step_orders.hand_off, step_orders.ask_hand_off, '{"note": "moved away"} or {}'),
    "recall": Telling(events.Recall, step_orders.recall, step_orders.ask_recall, '{"note": "pays us"} or {}'),
    "reopen_channel": Telling(
        events.ReopenChannel, step_orders.reopen_channel, step_orders.ask_reopen_channel, '{"channel": "email"}'
    ),
    "write_off": Telling(events.WriteOff, orders.write_off, orders.ask_write_off, '{"note": "goodwill"} or {}'),
}
"""An operator's orders: updates, and signals from the Temporal UI that run the same code."""

TELLINGS: dict[str, Telling] = {**FACTS, **ORDERS}
