"""Records as they come, with something wrong in them: made from events of the stand-in and from plain invoices."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from sandbox.providers.journal import Json
from sandbox.providers.world import ProviderWorld
from tests.cases import a_failed_invoice

OVERFLOW, DIGITS = "@overflow@", "@digits@"
_AS_WRITTEN = {json.dumps(OVERFLOW): "1e999999", json.dumps(DIGITS): "9" * 5000}

PLAIN: Json = {
    "invoice_id": "in_1",
    "number": "A-1",
    "customer": {"id": "cus_1", "country": "TH", "time_zone": "Asia/Bangkok", "phone": "+66812345678"},
    "amount": "20.00",
    "currency": "USD",
    "decline_code": "expired_card",
    "failed_at": "2026-04-07T12:00:00Z",
}


def real_records(world: ProviderWorld) -> list[Json]:
    """One event of each type that means something, in the shapes of R18, and a plain record."""
    stripe = world.stripe
    invoice, customer = a_failed_invoice(world)
    stripe.customer_pays(invoice, 500)
    stripe.credit(invoice, 300)
    stripe.update_card(stripe.add_card(customer, default=True), exp_month=1, exp_year=2040)
    stripe.customer_pays(invoice)
    stripe.close_dispute(stripe.open_dispute(invoice), won=False)
    subscription = stripe.add_subscription(stripe.add_customer(), amount=900, currency="usd", days_until_due=30)
    sent = stripe.renew(subscription)
    stripe.remind_of_due_date(sent)
    stripe.pass_due_date(sent)
    stripe.void(sent)
    events = list({event["type"]: event for event in stripe.events}.values())
    of_invoice = [event for event in events if event["data"]["object"]["object"] == "invoice"]
    shapes = stripe.shapes
    return [
        *events,
        *map(stripe.webhooks.in_old_shape, of_invoice),
        *map(shapes.before_status, of_invoice),
        *map(shapes.expanded, events),
        *map(shapes.in_milliseconds, events[:2]),
        *map(shapes.in_live_mode, events[:2]),
        *map(shapes.of_account, events[:2]),
        PLAIN,
    ]


_ODD = st.sampled_from(
    [
        *(None, True, False, 0, -1, 1.5, 2**31, 2**63, -(2**63) - 1, 10**30, 1e308, 253_402_300_800, OVERFLOW, DIGITS),
        *(
            "",
            " ",
            ".",
            "..",
            "../events",
            "null",
            "1790000000",
            "x" * 300,
            "ж" * 5000,
            "قيمة",
            "請求",
            "🙂",
            "a\u2028b",
        ),
        *("\x00", "in_\x00", "\ud800", "\udfff1", "usd", "USDC", "฿฿฿", "1e999999", "-0", "%2e%2e", "in_1?x=1#y"),
        *([], {}, [[]], {"id": 5}, {"id": None}, {"object": "list", "data": [None, 3, "x"]}, {"data": {"data": []}}),
    ]
)
_DEEP = st.integers(1, 60).map(lambda depth: json.loads("[" * depth + "]" * depth))


@st.composite
def broken(draw: st.DrawFn, records: list[Json]) -> str:
    """The text of one record with up to three things wrong in it."""
    record = json.loads(json.dumps(draw(st.sampled_from(records))))
    for _ in range(draw(st.integers(1, 3))):
        _break(draw, record)
    text = json.dumps(record, ensure_ascii=draw(st.booleans()))
    for placeholder, written in _AS_WRITTEN.items():
        text = text.replace(placeholder, written)
    return text


def _break(draw: st.DrawFn, record: Any) -> None:
    """Walks down to some place and spoils it."""
    holder, places = record, list(record)
    while True:
        place = draw(st.sampled_from(places))
        below = holder[place]
        if not below or not isinstance(below, dict | list) or draw(st.integers(0, 3)) == 0:
            break
        holder, places = below, list(below) if isinstance(below, dict) else list(range(len(below)))
    way = draw(st.sampled_from(["delete", "odd", "odd", "odd", "nest", "deep"]))
    if way == "delete" and len(places) > 1:
        del holder[place]
    else:
        holder[place] = _SPOIL.get(way, lambda _, draw: deepcopy(draw(_ODD)))(below, draw)


_SPOIL: dict[str, Callable[[Any, st.DrawFn], Any]] = {
    "nest": lambda value, draw: draw(st.sampled_from([[value], {"id": value}, {"data": [value]}, [[value, value]]])),
    "deep": lambda _, draw: draw(_DEEP),
}
